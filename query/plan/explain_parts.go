package plan

import (
	"bytes"
	"strings"

	"github.com/ankgo/ank/model"
)

// partsOf says what the parts of a plan read, one text for each.
func partsOf(p *Plan, indexes []model.Index) []string {
	all := make([]string, len(p.Parts))
	for i, part := range p.Parts {
		all[i] = reads(part, indexes)
	}
	return all
}

// reads says what a plan reads, as in "index owner_status, 2 ranges".
func reads(p *Plan, indexes []model.Index) string {
	switch p.Access {
	case Lookup:
		return count(len(p.IDs), "ID")
	case Scan:
		return "collection, " + count(len(p.Ranges), "range")
	case Union:
		return "(" + strings.Join(partsOf(p, indexes), " or ") + ")"
	case Intersect:
		return "(" + strings.Join(partsOf(p, indexes), " and ") + ")"
	}
	x := &indexes[p.Index]
	if !x.FullText {
		return "index " + x.Name + ", " + count(len(p.Ranges), "range")
	}
	words := wordsOf(p)
	if len(words) == 1 {
		return "index " + x.Name + ", word " + words[0]
	}
	return "index " + x.Name + ", words " + strings.Join(words, ", ")
}

// wordsOf returns the words whose entries a plan reads in an index of words, as a
// search has them: rain, pur*.
func wordsOf(p *Plan) []string {
	words := make([]string, 0, len(p.Ranges))
	for _, r := range p.Ranges {
		v, _, err := model.DecodeKey(r.Low, model.TypeString, false)
		if err != nil {
			continue
		}
		word := v.Text()
		if !bytes.Equal(r.High, successor(r.Low)) {
			word += "*"
		}
		words = append(words, word)
	}
	return words
}
