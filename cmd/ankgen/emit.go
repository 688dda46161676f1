package main

import (
	"bytes"
	"fmt"
	"go/format"
	"go/types"
	"strconv"
	"strings"

	"github.com/ankgo/ank/internal/gomodel"
)

// An emitter prints the generated file of one package.
type emitter struct {
	d  *description
	im *imports
	bytes.Buffer
}

// emit is the text of the generated file, formatted.
func emit(d *description) ([]byte, error) {
	e := &emitter{d: d, im: newImports(d)}
	e.models()
	for _, m := range d.models {
		e.schema(m)
		e.columns(m)
		e.collection(m)
		e.view(m)
		e.mutable(m)
	}
	e.guards()
	body := e.String()
	e.Reset()
	e.p(generatedHeader)
	e.p("// To generate it again: go generate, or go run %s/cmd/ankgen", gomodel.ModulePath)
	e.p("")
	e.p("package %s", d.folder.name)
	e.p("")
	text, err := format.Source([]byte(e.String() + e.im.text() + "\n" + body))
	if err != nil {
		return nil, fmt.Errorf("package %s: the generated text is no Go: %w", d.folder.path, err)
	}
	return text, nil
}

// p prints a line.
func (e *emitter) p(format string, args ...any) {
	fmt.Fprintf(&e.Buffer, format, args...)
	e.WriteByte('\n')
}

// The rooms, by the names that they have in this file.
func (e *emitter) model() string  { return e.im.std(gomodel.ModelPath) }
func (e *emitter) query() string  { return e.im.std(gomodel.QueryPath) }
func (e *emitter) entity() string { return e.im.std(gomodel.EntityPath) }

// comment prints text as a comment, if there is any.
func (e *emitter) comment(text string) {
	text = strings.TrimSpace(text)
	if text == "" {
		return
	}
	for line := range strings.SplitSeq(text, "\n") {
		e.p("%s", strings.TrimRight("// "+line, " "))
	}
}

// models prints the list of schemas.
func (e *emitter) models() {
	var names []string
	for _, m := range e.d.models {
		names = append(names, m.schemaName())
	}
	e.p("// Models are the schemas of this package's models, for node.Models.")
	e.p("func Models() []*%s.Schema {", e.model())
	e.p("return []*%s.Schema{%s}", e.model(), strings.Join(names, ", "))
	e.p("}")
	e.p("")
}

// schema prints the variable that describes a model to the runtime.
func (e *emitter) schema(m *entityModel) {
	e.p("var %s = %s.NewSchema(%s.Definition{", m.schemaName(), e.model(), e.model())
	e.definition(m)
	if m.validates {
		e.check(m)
	}
	if m.refers() {
		e.p("Targets: %s{},", m.targetsName())
	}
	e.p("})")
	e.p("")
	if m.refers() {
		e.targets(m)
	}
}

// targets prints the type that knows where the model's references lead. It is a
// type with a method because a variable of a schema may not name, not even in a
// function, the variable of one that names it in turn.
func (e *emitter) targets(m *entityModel) {
	e.p("// %s knows what the references of %s %s lead to.", m.targetsName(), article(m.name), m.name)
	e.p("type %s struct{}", m.targetsName())
	e.p("")
	e.p("func (%s) Target(field int) *%s.Schema {", m.targetsName(), e.model())
	var list []string
	for i, f := range m.fields {
		if f.ref != nil {
			list = append(list, fmt.Sprintf("%d: %s", i, e.targetSchema(f)))
		}
	}
	e.p("return map[int]*%s.Schema{%s}[field]", e.model(), strings.Join(list, ", "))
	e.p("}")
	e.p("")
}

// targetSchema is the schema that a reference leads to.
func (e *emitter) targetSchema(f *field) string {
	pkg, _, other := strings.Cut(e.refTarget(f), ".")
	if !other {
		return f.ref.plural + ".Schema()"
	}
	return pkg + "." + f.ref.plural + ".Schema()"
}

// definition prints the inside of a model.Definition, without the check.
func (e *emitter) definition(m *entityModel) {
	e.p("Model: %q,", m.name)
	e.p("Collection: %q,", m.collection)
	e.p("Fields: []%s.Field{", e.model())
	for _, f := range m.fields {
		e.p("{%s},", e.fieldLiteral(f))
	}
	e.p("},")
	if len(m.indexes) == 0 {
		return
	}
	e.p("Indexes: []%s.Index{", e.model())
	for _, ix := range m.indexes {
		e.p("{%s},", e.indexLiteral(ix))
	}
	e.p("},")
}

// check prints the function that makes the struct of a row and validates it.
func (e *emitter) check(m *entityModel) {
	s := m.short()
	e.p("Check: func(schema *%s.Schema, row *%s.Row) error {", e.model(), e.model())
	e.p("var %s %s", s, m.name)
	for i, f := range m.fields {
		e.p("%s.%s = %s", s, f.name, e.decode(f, fmt.Sprintf("schema.Value(row, %d)", i)))
	}
	e.p("return %s.Validate()", s)
	e.p("},")
}

// fieldLiteral is the inside of a model.Field.
func (e *emitter) fieldLiteral(f *field) string {
	parts := []string{
		fmt.Sprintf("Name: %q", f.column),
		fmt.Sprintf("Go: %q", f.name),
		fmt.Sprintf("Type: %s.%s", e.model(), f.kind.constant),
	}
	if f.bits != 0 {
		parts = append(parts, "Bits: "+strconv.Itoa(f.bits))
	}
	if f.optional {
		parts = append(parts, "Optional: true")
	}
	if f.ref != nil {
		parts = append(parts, fmt.Sprintf("Ref: %q", f.ref.collection))
	}
	if len(f.was) > 0 {
		parts = append(parts, fmt.Sprintf("Was: %#v", f.was))
	}
	return strings.Join(parts, ", ")
}

// indexLiteral is the inside of a model.Index.
func (e *emitter) indexLiteral(ix *index) string {
	var columns []string
	for _, c := range ix.columns {
		text := "Field: " + e.position(c)
		if c.desc {
			text += ", Desc: true"
		}
		columns = append(columns, "{"+text+"}")
	}
	text := fmt.Sprintf("Name: %q, Columns: []%s.IndexColumn{%s}", ix.name, e.model(), strings.Join(columns, ", "))
	if ix.unique {
		text += ", Unique: true"
	}
	if ix.covering {
		text += ", Covering: true"
	}
	if ix.fullText {
		text += ", FullText: true"
	}
	return text
}

// position is the place of a column in the schema, as Go has it.
func (e *emitter) position(c indexColumn) string {
	if c.constant != "" {
		return e.model() + "." + c.constant
	}
	return strconv.Itoa(c.position)
}

// columns prints the typed names that predicates are built from.
func (e *emitter) columns(m *entityModel) {
	e.p("// The columns of %s, to build predicates from.", m.name)
	e.p("const (")
	for _, f := range m.fields {
		e.p("%s%s %s = %q", m.name, f.name, e.columnType(m, f), f.column)
	}
	e.p(")")
	e.p("")
}

// columnType is the type of a column's name: what it can be compared with.
func (e *emitter) columnType(m *entityModel, f *field) string {
	if f.ref != nil {
		return fmt.Sprintf("%s.Ref[%s, %s]", e.query(), m.name, e.refTarget(f))
	}
	of := e.im.typeText(f.typ)
	if f.kind == kindTime || f.kind == kindDuration {
		of = e.base(f.kind)
	}
	return fmt.Sprintf("%s.%s[%s, %s]", e.query(), f.kind.column, m.name, of)
}

// collection prints the variable that entities are created and found with.
func (e *emitter) collection(m *entityModel) {
	s := m.short()
	e.p("// %s is the collection of %s.", m.plural, m.name)
	e.p("var %s = %s.NewCollection[%sView, %sMutable](%s, func(%s %s) []%s.Value {",
		m.plural, e.entity(), m.name, m.name, m.schemaName(), s, m.name, e.model())
	e.p("return []%s.Value{", e.model())
	for _, f := range m.fields {
		e.p("%s,", e.encode(f, s+"."+f.name))
	}
	e.p("}")
	e.p("})")
	e.p("")
}

// encode is the value of a field of the struct.
func (e *emitter) encode(f *field, expr string) string {
	if !f.optional {
		return e.makeValue(f, expr)
	}
	of := e.model() + "." + f.kind.maker
	if !e.exact(f) {
		of = fmt.Sprintf("func(v %s) %s.Value { return %s }", e.im.typeText(f.typ), e.model(), e.makeValue(f, "v"))
	}
	return fmt.Sprintf("%s.OfPointer(%s, %s)", e.model(), expr, of)
}

// decode is the value of a field as the struct has it.
func (e *emitter) decode(f *field, value string) string {
	if !f.optional {
		return e.structValue(f, value)
	}
	get := e.model() + ".Value." + f.kind.getter
	if !e.exact(f) || f.kind == kindBytes {
		get = fmt.Sprintf("func(v %s.Value) %s { return %s }", e.model(), e.im.typeText(f.typ), e.structValue(f, "v"))
	}
	return fmt.Sprintf("%s.PointerTo(%s, %s)", e.model(), value, get)
}

// structValue turns a model.Value into what the struct holds.
func (e *emitter) structValue(f *field, value string) string {
	if f.kind == kindBytes {
		return value + ".Bytes().Clone()"
	}
	return e.readValue(f, value)
}

// exact tells whether the runtime's functions take and give the very type of
// the field.
func (e *emitter) exact(f *field) bool {
	return f.ref == nil && (f.kind.base == types.TypeString(f.typ, (*types.Package).Name) ||
		f.kind == kindBytes && e.im.typeText(f.typ) == "[]byte")
}

// makeValue turns an expression of the field's type into a model.Value.
func (e *emitter) makeValue(f *field, expr string) string {
	switch {
	case f.ref != nil:
		expr += ".ID()"
	case f.kind.base != "" && !e.exact(f):
		expr = e.base(f.kind) + "(" + expr + ")"
	}
	return fmt.Sprintf("%s.%s(%s)", e.model(), f.kind.maker, expr)
}

// base is the type that a kind's functions take.
func (e *emitter) base(k *kind) string {
	if pkg, name, ok := strings.Cut(k.base, "."); ok && pkg == "time" {
		return e.im.std("time") + "." + name
	}
	return k.base
}

// readValue turns a model.Value into what a getter returns.
func (e *emitter) readValue(f *field, value string) string {
	value += "." + f.kind.getter + "()"
	switch {
	case f.ref != nil:
		return fmt.Sprintf("%s.RefTo[%s](%s)", e.model(), e.refTarget(f), value)
	case f.kind.base != "" && !e.exact(f):
		return e.im.typeText(f.typ) + "(" + value + ")"
	}
	return value
}

// refTarget is the model that a reference points to.
func (e *emitter) refTarget(f *field) string { return e.im.typeText(f.ref.obj.Type()) }
