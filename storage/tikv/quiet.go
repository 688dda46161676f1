package tikv

import (
	"github.com/pingcap/log"
	"go.uber.org/zap"
)

// Quiet makes the library say nothing, in all of this process. It is for programs whose
// standard output belongs to somebody else, as the library's logger prints there. What
// matters to a caller is returned as an error in any case.
func Quiet() {
	log.ReplaceGlobals(zap.NewNop(), &log.ZapProperties{Level: zap.NewAtomicLevelAt(zap.FatalLevel)})
}
