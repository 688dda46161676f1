package main

import (
	"fmt"
	"strconv"
	"strings"
)

// view prints the snapshot type of a model and its getters.
func (e *emitter) view(m *entityModel) {
	e.p("// %sView is an immutable snapshot of %s %s. It is safe for concurrent use.", m.name, article(m.name), m.name)
	e.p("type %sView struct{ %s.View }", m.name, e.entity())
	e.p("")
	e.refMethod(m, m.name+"View", "v")
	for i, f := range m.fields {
		e.getter(m, i, f)
	}
}

// refMethod prints the method that makes a reference to an entity.
func (e *emitter) refMethod(m *entityModel, receiver, name string) {
	e.p("// Ref is a reference to the %s.", spoken(m.name))
	e.p("func (%s %s) Ref() %s.Ref[%s] { return %s.RefTo[%s](%s.ID()) }",
		name, receiver, e.model(), m.name, e.model(), m.name, name)
	e.p("")
}

// getter prints how a view reads a field.
func (e *emitter) getter(m *entityModel, i int, f *field) {
	value := "v.Field(" + strconv.Itoa(i) + ")"
	switch {
	case f.ref != nil:
		e.follow(m, f, value)
	case f.optional:
		e.fieldComment(f, "%s returns the %s, if there is one.", f.name, spoken(f.name))
		e.p("func (v %sView) %s() (%s, bool) {", m.name, f.name, e.getterType(f))
		e.p("f := %s", value)
		e.p("return %s, !f.IsNull()", e.readValue(f, "f"))
		e.p("}")
		e.p("")
	default:
		e.fieldComment(f, "%s returns the %s.", f.name, spoken(f.name))
		e.p("func (v %sView) %s() %s { return %s }", m.name, f.name, e.getterType(f), e.readValue(f, value))
		e.p("")
	}
}

// fieldComment prints the comment of a getter: the one that the field has in the
// struct if it begins with the field's name, or a sentence and what it says.
func (e *emitter) fieldComment(f *field, format string, args ...any) {
	sentence := fmt.Sprintf(format, args...)
	switch {
	case f.doc == "":
		e.comment(sentence)
	case strings.HasPrefix(f.doc, f.name+" "):
		e.comment(f.doc)
	case strings.Contains(f.doc, "\n"):
		e.comment(sentence + "\n\n" + f.doc)
	default:
		e.comment(strings.TrimSuffix(sentence, ".") + ": " + strings.TrimSuffix(f.doc, ".") + ".")
	}
}

// getterType is the type that a getter returns.
func (e *emitter) getterType(f *field) string {
	if f.kind == kindBytes {
		return e.model() + ".Bytes"
	}
	return e.im.typeText(f.typ)
}

// follow prints how a view fetches what a reference points to. The reference of
// an optional field that has no value is the zero reference.
func (e *emitter) follow(m *entityModel, f *field, value string) {
	ctx, target := e.im.std("context"), e.refTarget(f)
	prefix := ""
	if pkg, _, ok := strings.Cut(target, "."); ok {
		prefix = pkg + "."
	}
	e.fieldComment(f, "%s fetches the %s; %sRef returns the reference.", f.name, spoken(f.name), f.name)
	e.p("func (v %sView) %s(ctx %s.Context, r %s.Reader) (%sView, error) {", m.name, f.name, ctx, e.entity(), target)
	e.p("return %s%s.Get(ctx, r, %s.ID())", prefix, f.ref.plural, value)
	e.p("}")
	e.p("func (v %sView) %sRef() %s { return %s }", m.name, f.name, e.im.typeText(f.typ), e.readValue(f, value))
	e.p("")
}

// mutable prints the handle type of a model and its setters.
func (e *emitter) mutable(m *entityModel) {
	e.p("// %sMutable records changes to %s %s in a transaction. It is not safe for concurrent use.",
		m.name, article(m.name), m.name)
	e.p("type %sMutable struct{ *%s.Draft }", m.name, e.entity())
	e.p("")
	e.p("// View is the %s as the transaction sees it now.", spoken(m.name))
	e.p("func (m %sMutable) View() %sView { return %sView{m.Draft.View()} }", m.name, m.name, m.name)
	e.p("")
	e.p("// MarshalJSON implements json.Marshaler: the %s as View has it.", spoken(m.name))
	e.p("func (m %sMutable) MarshalJSON() ([]byte, error) { return m.View().MarshalJSON() }", m.name)
	e.p("")
	e.refMethod(m, m.name+"Mutable", "m")
	for i, f := range m.fields {
		e.setter(m, i, f)
	}
}

// setter prints how a handle writes a field.
func (e *emitter) setter(m *entityModel, i int, f *field) {
	set := fmt.Sprintf("func (m %sMutable) Set%s(v %s) { m.Set(%d, %s) }",
		m.name, f.name, e.im.typeText(f.typ), i, e.makeValue(f, "v"))
	what := "the " + spoken(f.name)
	if f.doc != "" && f.ref == nil {
		what = "what " + f.name + " returns"
	}
	if !f.optional {
		e.p("// Set%s records %s.", f.name, what)
		e.p("%s", set)
		e.p("")
		return
	}
	e.p("// Set%s records %s; Clear%s records that there is none.", f.name, what, f.name)
	e.p("%s", set)
	e.p("func (m %sMutable) Clear%s() { m.Clear(%d) }", m.name, f.name, i)
	e.p("")
}
