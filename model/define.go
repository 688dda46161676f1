package model

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// checkDefinition finds the mistakes in a schema's definition, all of them.
func checkDefinition(s *Schema) error {
	c := definitionChecker{s: s, owner: make(map[string]string)}
	if s.model == "" {
		c.report("", "", "the model has no name")
	}
	if problem := nameProblem(s.collection); problem != "" {
		c.report("", "", "collection "+problem)
	}
	if len(s.fields) > MaxFields {
		c.report("", "", strconv.Itoa(len(s.fields))+" fields are too many, at most "+strconv.Itoa(MaxFields)+" are allowed")
	}
	if len(s.indexes) > MaxIndexes {
		c.report("", "", strconv.Itoa(len(s.indexes))+" indexes are too many, at most "+strconv.Itoa(MaxIndexes)+" are allowed")
	}
	for i := range s.fields {
		c.field(&s.fields[i])
	}
	for i := range s.fields {
		c.formerNames(&s.fields[i])
	}
	seen := make(map[string]bool, len(s.indexes))
	for i := range s.indexes {
		x := &s.indexes[i]
		if seen[x.Name] {
			c.report("", x.Name, "another index has the same name")
		}
		seen[x.Name] = true
		c.index(x)
	}
	return errors.Join(c.problems...)
}

type definitionChecker struct {
	s        *Schema
	owner    map[string]string // column name, present or former -> the field that holds it
	problems []error
}

func (c *definitionChecker) report(field, index, reason string) {
	c.problems = append(c.problems, &SchemaError{Model: c.s.model, Field: field, Index: index, Reason: reason})
}

// label is what a field is called in messages.
func label(f *Field) string {
	if f.Go != "" {
		return f.Go
	}
	return f.Name
}

func (c *definitionChecker) field(f *Field) {
	report := func(reason string) { c.report(label(f), "", reason) }
	if problem := nameProblem(f.Name); problem != "" {
		report("column " + problem)
	}
	if isStandard(f.Name) {
		report("column " + strconv.Quote(f.Name) + " exists in every collection; give the field another name")
	}
	if other, taken := c.owner[f.Name]; taken {
		report("column " + strconv.Quote(f.Name) + " belongs to field " + other + " already")
	}
	c.owner[f.Name] = label(f)
	if f.Type == TypeNull || f.Type >= typeCount {
		report("a field of type " + f.Type.String() + " cannot hold anything")
	}
	if !bitsAllowed(f) {
		report(strconv.Itoa(int(f.Bits)) + " bits do not go with type " + f.Type.String())
	}
	if f.Ref != "" && f.Type != TypeID {
		report("only a field of type id refers to a collection")
	} else if problem := nameProblem(f.Ref); f.Ref != "" && problem != "" {
		report("refers to collection " + problem)
	}
	if len(f.Was) > MaxFormerNames {
		report(strconv.Itoa(len(f.Was)) + " former names are too many, at most " + strconv.Itoa(MaxFormerNames) + " are allowed")
	}
}

func bitsAllowed(f *Field) bool {
	switch f.Type {
	case TypeInt, TypeUint:
		return slices.Contains([]uint8{0, 8, 16, 32, 64}, f.Bits)
	case TypeFloat:
		return slices.Contains([]uint8{0, 32, 64}, f.Bits)
	}
	return f.Bits == 0
}

func (c *definitionChecker) formerNames(f *Field) {
	for _, was := range f.Was {
		switch problem := nameProblem(was); {
		case problem != "":
			c.report(label(f), "", "former name "+problem)
		case isStandard(was):
			c.report(label(f), "", "former name "+strconv.Quote(was)+" exists in every collection")
		case c.owner[was] == label(f):
			c.report(label(f), "", "former name "+strconv.Quote(was)+" is given twice or is its present one")
		case c.owner[was] != "":
			c.report(label(f), "", "former name "+strconv.Quote(was)+" belongs to field "+c.owner[was]+" already")
		default:
			c.owner[was] = label(f)
		}
	}
}

func (c *definitionChecker) index(x *Index) {
	report := func(reason string) { c.report("", x.Name, reason) }
	if problem := nameProblem(x.Name); problem != "" {
		report("the index's name " + problem)
	}
	if n := len(x.Columns); n == 0 || n > MaxIndexColumns {
		report("has " + strconv.Itoa(n) + " columns; 1 to " + strconv.Itoa(MaxIndexColumns) + " are allowed")
	}
	seen := make(map[int]bool, len(x.Columns))
	for _, column := range x.Columns {
		f := c.s.Column(column.Field)
		switch {
		case f == nil:
			report("there is no column number " + strconv.Itoa(column.Field))
		case seen[column.Field]:
			report("column " + strconv.Quote(f.Name) + " occurs twice")
		case x.Unique && f.Type == TypeJSON:
			report("column " + strconv.Quote(f.Name) + " is JSON, which cannot be unique")
		}
		seen[column.Field] = true
	}
	if x.FullText {
		c.fullText(x, report)
	}
}

// fullText checks what is particular to indexes of words.
func (c *definitionChecker) fullText(x *Index, report func(reason string)) {
	if len(x.Columns) > 1 {
		report("is full-text and has " + strconv.Itoa(len(x.Columns)) + " columns; make an index of each")
	}
	for _, column := range x.Columns {
		if f := c.s.Column(column.Field); f != nil && f.Type != TypeString && f.Type != TypeJSON {
			report("column " + strconv.Quote(f.Name) + " is of type " + f.Type.String() + "; only strings and JSON have words")
		}
		if column.Desc {
			report("is full-text, which is found by words in no direction")
		}
	}
	if x.Unique || x.Covering {
		report("is full-text, which is neither unique nor covering")
	}
}

func isStandard(name string) bool { return name == "id" || name == "created" || name == "updated" }

// ValidName reports whether name can name a collection, a column or an index: a
// letter a to z, then such letters, digits and underscores, at most [MaxName]
// bytes. Words of the query language are not excluded here.
func ValidName(name string) bool {
	if name == "" || len(name) > MaxName || name[0] < 'a' || name[0] > 'z' {
		return false
	}
	for i := range len(name) {
		if c := name[i]; (c < 'a' || c > 'z') && !isDigit(c) && c != '_' {
			return false
		}
	}
	return true
}

// nameProblem says what is wrong with a name, quoting it, and suggests another.
func nameProblem(name string) string {
	switch {
	case ValidName(name):
		return ""
	case name == "":
		return `"" is empty`
	case len(name) > MaxName:
		return strconv.Quote(name[:16]) + "... is longer than " + strconv.Itoa(MaxName) + " bytes"
	}
	problem := strconv.Quote(name) + " is not a lower-case letter followed by lower-case letters, digits and underscores"
	if better := snakeCase(name); ValidName(better) {
		problem += `; did you mean "` + better + `"?`
	}
	return problem
}

// snakeCase makes a name of what was meant as one.
func snakeCase(name string) string {
	var b strings.Builder
	last := '_'
	for _, r := range name {
		switch {
		case unicode.IsUpper(r):
			if unicode.IsLower(last) || unicode.IsDigit(last) {
				b.WriteByte('_')
			}
			b.WriteRune(unicode.ToLower(r))
		case r == '-' || r == ' ' || r == '.':
			b.WriteByte('_')
		default:
			b.WriteRune(r)
		}
		last = r
	}
	return b.String()
}

// IndexKey describes what index i holds, in words that change whenever its
// content would: its columns, their order, their types and former names, and
// whether it holds whole rows or words. What words are is not the schema's to say:
// see text.Version of query/text. An engine keeps it beside the index and builds the
// index anew when the two differ. It is "" if there is no such index.
func (s *Schema) IndexKey(i int) string {
	if i < 0 || i >= len(s.prints) {
		return ""
	}
	return s.prints[i]
}

// describeIndex writes an index like "albums(year int16 desc, name string)
// unique covering".
func (s *Schema) describeIndex(x *Index) string {
	var b strings.Builder
	b.WriteString(s.collection + "(")
	for i, c := range x.Columns {
		if i > 0 {
			b.WriteString(", ")
		}
		if f := s.Column(c.Field); f != nil {
			writeField(&b, f)
		}
		if c.Desc {
			b.WriteString(" desc")
		}
	}
	b.WriteString(")")
	if x.Unique {
		b.WriteString(" unique")
	}
	if x.Covering {
		b.WriteString(" covering")
	}
	if x.FullText {
		b.WriteString(" fulltext")
	}
	return b.String()
}

// writeField writes what decides a field's values: "year int16 optional was yr".
func writeField(b *strings.Builder, f *Field) {
	b.WriteString(f.Name + " " + f.describe())
	if f.Optional {
		b.WriteString(" optional")
	}
	for _, was := range f.Was {
		b.WriteString(" was " + was)
	}
}

// Fingerprint identifies the definition: model, collection, fields and indexes.
// Schemas with the same fingerprint read rows alike. It is 32 hexadecimal
// digits.
func (s *Schema) Fingerprint() string {
	var b strings.Builder
	b.WriteString(s.model + " " + s.collection + "\n")
	for i := range s.fields {
		f := &s.fields[i]
		writeField(&b, f)
		if f.Ref != "" {
			b.WriteString(" ref " + f.Ref)
		}
		b.WriteString("\n")
	}
	for i, x := range s.indexes {
		b.WriteString(x.Name + " " + s.prints[i] + "\n")
	}
	sum := sha256.Sum256([]byte(b.String()))
	return hex.EncodeToString(sum[:16])
}
