package plan

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/ankgo/ank/model"
)

// Part says what a part of a plan reads.
type Part struct {
	// Text says where it reads: "index owner_status, 2 ranges".
	Text string
	// Expected is how many keys it was expected to read, and Read how many it did;
	// negative if it was not read or the plan did not run.
	Expected float64
	Read     int
	// Parts are what it is made of.
	Parts []Part
}

// partsOf says what the parts of a plan read. work may be nil.
func partsOf(p *Plan, work *Work) []Part {
	var all []Part
	if p.Access == Refer {
		return p.Reference.parts(work)
	}
	for i, part := range p.Parts {
		var w *Work
		if work != nil && i < len(work.Parts) {
			w = &work.Parts[i]
		}
		all = append(all, partOf(part, reads(part), w))
	}
	return all
}

func partOf(p *Plan, text string, w *Work) Part {
	x := Part{Text: text, Expected: p.keys, Read: -1, Parts: partsOf(p, w)}
	if w != nil {
		if x.Read = w.Keys; p.Access == Scan {
			x.Read = w.Rows
		}
	}
	return x
}

// parts says what is asked behind a reference, and how the plan goes on.
func (r *Reference) parts(work *Work) []Part {
	text := r.Query.Schema().Collection() + " with " + r.Query.String()
	if work == nil || len(work.Parts) < 2 {
		return []Part{{Text: text, Expected: -1, Read: -1}}
	}
	var all []Part
	if w := &work.Parts[0]; w.Plan != nil {
		all = append(all, partOf(w.Plan, fmt.Sprintf("%s: %d by %s", text, w.Found, reads(w.Plan)), w))
	}
	if w := &work.Parts[1]; w.Plan != nil {
		all = append(all, partOf(w.Plan, "then "+reads(w.Plan), w))
	}
	return all
}

// reads says what a plan reads, as in "index owner_status, 2 ranges".
func reads(p *Plan) string {
	switch p.Access {
	case Lookup:
		return count(len(p.IDs), "ID")
	case Scan:
		if whole(p.Ranges) {
			return "the collection"
		}
		return "the collection, " + count(len(p.Ranges), "range")
	case Union, Intersect:
		return map[Access]string{Union: "union", Intersect: "intersection"}[p.Access]
	case Refer:
		return "what a reference leads to"
	}
	if !p.index.FullText {
		return "index " + p.index.Name + ", " + count(len(p.Ranges), "range")
	}
	words := wordsOf(p)
	if len(words) == 1 {
		return "index " + p.index.Name + ", word " + words[0]
	}
	return "index " + p.index.Name + ", words " + strings.Join(words, ", ")
}

// write writes the part and what it is made of, a line each. ran says that the plan
// was carried out.
func (x *Part) write(b *strings.Builder, name, indent string, ran bool) {
	fmt.Fprintf(b, "%-9s %s%s", name, indent, x.Text)
	switch {
	case len(x.Parts) > 0:
	case x.Read >= 0:
		fmt.Fprintf(b, "; expected about %.0f keys, read %d", x.Expected, x.Read)
	case ran && x.Expected >= 0:
		fmt.Fprintf(b, "; expected about %.0f keys, not read", x.Expected)
	case x.Expected >= 0:
		fmt.Fprintf(b, "; expected about %.0f keys", x.Expected)
	}
	b.WriteByte('\n')
	for i := range x.Parts {
		x.Parts[i].write(b, "", indent+"  ", ran)
	}
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
