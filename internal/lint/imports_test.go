package lint

import (
	"slices"
	"strings"
	"testing"
)

// below says, room by room, which rooms it may import. A room that is not
// named here may not exist: name it, and think about its floor, first.
var below = map[string][]string{
	"internal/codec":      {},
	"event":               {"internal/codec"},
	"event/eventtest":     {"event"},
	"signal":              {},
	"model":               {"event", "internal/codec"},
	"query/text":          {},
	"query":               {"event", "model", "query/text"},
	"query/plan":          {"event", "model", "query", "query/text"},
	"entity":              {"event", "signal", "model", "query", "query/plan", "internal/codec"},
	"entity/mergetest":    {"event", "model", "entity"},
	"storage":             {"event", "model", "query", "query/plan", "internal/codec"},
	"storage/storagetest": {"event", "model", "query", "query/plan", "storage"},
	"storage/kv":          {"event", "model", "query", "query/text", "query/plan", "storage", "internal/codec"},
	"storage/dump":        {"event", "model", "storage", "internal/codec"},
	"storage/verify":      {"event", "model", "entity", "storage"},
	"storage/memory":      {"storage", "storage/kv"},
	"storage/pebble":      {"storage", "storage/kv"},
	"storage/tikv":        {"storage", "storage/kv", "internal/codec"},
	"storage/engines":     {"storage", "storage/memory", "storage/pebble", "storage/postgres", "storage/tikv"},
	"storage/postgres":    {"event", "model", "query", "query/text", "query/plan", "storage", "internal/codec"},
	"node/reactor":        {"event", "model", "query", "query/text", "query/plan", "storage"},
	"node/wire":           {"event", "model", "internal/codec"},
	"node": {
		"event", "signal", "model", "query", "query/plan", "entity", "storage",
		"node/reactor", "node/wire", "internal/codec",
	},
	"node/pipe":          {"node/wire"},
	"node/auth":          {"node"},
	"node/stream":        {"node/wire", "internal/codec"},
	"node/websocket":     {"node/wire"},
	"node/wire/wiretest": {"node/wire"},
	"node/nodetest": {
		"event", "model", "query", "entity", "storage", "storage/kv", "storage/memory", "node", "node/wire",
	},
	"cmd/ank": {"cmd/ank/program"},
	"cmd/ank/program": {
		"model", "node", "node/auth", "node/websocket", "node/wire",
		"storage", "storage/dump", "storage/engines", "storage/verify",
	},
	"cmd/ankgen": {"event", "model", "query", "internal/gomodel"},
	"cmd/ankvet": {"cmd/ankvet/queryvet"},

	"internal/gomodel":    {"model"},
	"cmd/ankvet/queryvet": {"event", "model", "query", "entity", "internal/gomodel"},

	"internal/enginetest": {},
	"internal/lint":       {},
	"internal/testreport": {},
}

// TestImportsPointDown holds every package against the floors of
// ARCHITECTURE.md. Examples stand on top and may import anything.
func TestImportsPointDown(t *testing.T) {
	for _, p := range list(t, nil, "./...") {
		room := p.room()
		if strings.HasPrefix(room, "examples/") {
			continue
		}
		allowed, known := below[room]
		if !known {
			t.Errorf("package %s has no floor: name it, and what it may import, in internal/lint/imports_test.go", room)
			continue
		}
		for _, imported := range p.Imports {
			r := roomOf(imported)
			if r == "" || slices.Contains(allowed, r) {
				continue
			}
			t.Errorf("%s imports %s, which is not below it: move what is needed down, or pass it in as a value or a small interface", room, r)
		}
	}
}

// kits are packages for tests: users' programs must not carry them.
var kits = []string{
	"testing", "github.com/stretchr/testify/", "github.com/google/go-cmp/", "pgregory.net/rapid",
	"go.uber.org/goleak", "modernc.org/sqlite",
}

// testRooms may import kits: they are kits.
var testRooms = []string{"event/eventtest", "entity/mergetest", "storage/storagetest", "node/wire/wiretest", "node/nodetest"}

func TestNoRoomImportsATestKit(t *testing.T) {
	for _, p := range list(t, nil, "./...") {
		if slices.Contains(testRooms, p.room()) {
			continue
		}
		for _, imported := range p.Imports {
			for _, kit := range kits {
				if imported == kit || strings.HasSuffix(kit, "/") && strings.HasPrefix(imported, kit) {
					t.Errorf("%s imports %s outside its tests: users' programs would carry it", p.room(), imported)
				}
			}
		}
	}
}
