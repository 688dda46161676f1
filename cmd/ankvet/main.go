package main

import (
	"golang.org/x/tools/go/analysis/singlechecker"

	"github.com/ankgo/ank/cmd/ankvet/queryvet"
)

func main() { singlechecker.Main(queryvet.Analyzer) }
