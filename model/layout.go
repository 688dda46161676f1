package model

// A slot is what reading a field's value needs of the field.
type slot struct {
	t      Type
	narrow bool  // numbers have fewer than 64 bits
	absent Value // what the field reads as when it was never written
	field  *Field
}

func slotFor(f *Field) slot {
	s := slot{t: f.Type, narrow: f.narrow(), field: f}
	if !f.Optional {
		s.absent = zeroOf(f.Type)
	}
	return s
}

// A layout says where the values of a schema's fields stand in the tuples that
// begin with the same names block.
type layout struct {
	block string  // the names block, its length included
	n     int     // values in the tuple
	at    []int32 // by field: position of its value, -1 if absent
}

// Value returns the value of a column of the row: what was written last, under
// the field's name or else under the latest of its former names that was
// written.
//
// A field that was never written, or written as Null, reads as Null if it is
// optional and as the zero of its type if not. So does a stored value that is
// not of the field's type and range, unless [Convert] turns it into one exactly:
// a field whose type was changed reads what still makes sense.
//
// The columns after the schema's own are those that were joined to the row.
//
// The value aliases the row's tuple. A column that does not exist reads as Null.
// It takes some ten nanoseconds and does not allocate.
func (s *Schema) Value(r *Row, column int) Value {
	if uint(column) >= uint(len(s.slots)) {
		return s.beyond(r, column)
	}
	slot := &s.slots[column]
	b := r.Values.b
	if len(b) == 0 {
		return slot.absent
	}
	// Most rows of a collection have the layout of the one before.
	l := s.last.Load()
	if l == nil || len(b) <= len(l.block) || string(b[:len(l.block)]) != l.block {
		if l = s.layoutFor(b); l == nil {
			return slot.search(r.Values)
		}
	}
	return slot.read(b, l, l.at[column])
}

// layoutFor returns the layout of a tuple, nil if it is not kept.
func (s *Schema) layoutFor(b []byte) *layout {
	for _, l := range *s.layouts.Load() {
		if len(b) > len(l.block) && string(b[:len(l.block)]) == l.block {
			s.last.Store(l)
			return l
		}
	}
	return s.learn(b)
}

// beyond is the value of a column that is no field: one that every collection
// has, or one that was joined.
func (s *Schema) beyond(r *Row, column int) Value {
	switch column {
	case ColumnID:
		return OfID(r.ID)
	case ColumnCreated:
		return timeOf(r.ID)
	case ColumnUpdated:
		return timeOf(r.Head.Max())
	}
	if n := column - len(s.slots); n >= 0 && r.Joined != nil && n < len(*r.Joined) {
		return (*r.Joined)[n]
	}
	return Value{}
}

// read returns the value at position at of a tuple that begins with l's block
// and is longer.
func (s *slot) read(b []byte, l *layout, at int32) Value {
	if at < 0 {
		return s.absent
	}
	head := len(l.block)
	if b[head] != 1 {
		encoded, ok := encodedAt(b, head, l.n, int(at))
		if !ok {
			return s.absent
		}
		return s.decode(encoded)
	}
	// Most tuples are short: the ends of their values are bytes.
	first := head + 1 + l.n
	if first > len(b) {
		return s.absent
	}
	end, start := first+int(b[head+1+int(at)]), first
	if at > 0 {
		start += int(b[head+int(at)])
	}
	if start > end || end > len(b) {
		return s.absent
	}
	return s.decode(b[start:end])
}

func (s *slot) decode(encoded []byte) Value {
	if s.t == TypeString && len(encoded) > 0 && encoded[0] == tagString {
		return Value{m: uint64(TypeString), s: aliasString(encoded[1:])} // the most frequent case
	}
	v, err := DecodeValue(encoded)
	if err == nil && v.Type() == s.t && !s.narrow {
		return v
	}
	if err != nil || v.IsNull() {
		return s.absent
	}
	return s.adapt(v)
}

// adapt makes v, which may be of another type, a value of the field.
func (s *slot) adapt(v Value) Value {
	if v.Type() == s.t && s.field.fits(v) {
		return v
	}
	converted, inexact, err := Convert(v, s.field)
	if err != nil || inexact != 0 {
		return s.absent
	}
	return converted
}

// search finds the field's value by name, in a tuple whose layout is not kept.
func (s *slot) search(t Tuple) Value {
	encoded, ok := t.find(s.field.Name)
	for i := 0; !ok && i < len(s.field.Was); i++ {
		encoded, ok = t.find(s.field.Was[i])
	}
	if !ok {
		return s.absent
	}
	return s.decode(encoded)
}

// learn keeps the layout of a tuple and returns it. When as many layouts are
// kept as may be it replaces one only now and then, so that a collection with
// countless layouts costs lookups by name and not an allocation each time; nil
// says that the layout is not kept.
func (s *Schema) learn(b []byte) *layout {
	kept := s.layouts.Load()
	full := len(*kept) == maxLayouts
	turn := s.strayed.Add(1)
	if full && turn%256 != 0 {
		return nil
	}
	l := s.layoutOf(b)
	if l == nil {
		return nil
	}
	next := append(make([]*layout, 0, maxLayouts), *kept...)
	if full {
		next[turn/256%maxLayouts] = l
	} else {
		next = append(next, l)
	}
	// Whoever loses the race learns at another row.
	s.layouts.CompareAndSwap(kept, &next)
	s.last.Store(l)
	return l
}

// layoutOf reads the layout of a tuple; nil if the tuple is broken, or its names
// too many to keep.
func (s *Schema) layoutOf(b []byte) *layout {
	names := nameReader{b: b}
	if !names.open() || names.end > maxLayoutSize || names.end == len(b) {
		return nil
	}
	l := &layout{block: string(b[:names.end]), n: names.n, at: make([]int32, len(s.slots))}
	position := make(map[string]int32, names.n)
	for i := range names.n {
		name, ok := names.next()
		if !ok {
			return nil
		}
		position[name] = int32(i)
	}
	for i := range s.slots {
		l.at[i] = positionOf(s.slots[i].field, position)
	}
	return l
}

func positionOf(f *Field, position map[string]int32) int32 {
	if at, ok := position[f.Name]; ok {
		return at
	}
	for _, was := range f.Was {
		if at, ok := position[was]; ok {
			return at
		}
	}
	return -1
}
