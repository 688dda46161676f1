package lint

import (
	"strings"
	"testing"
)

// browserRooms are what a node in a web page is made of.
var browserRooms = []string{
	"event", "signal", "model", "query", "query/plan", "entity", "storage", "storage/kv", "storage/memory",
	"node/reactor", "node/wire", "node", "node/pipe",
}

// heavy are packages (and all below a name that ends in /) that cost a web page
// more than they give it.
var heavy = []string{
	"net/http", "crypto/tls", "crypto/x509", "encoding/json", "encoding/gob", "text/template", "html/template",
	"log/slog", "log", "google.golang.org/protobuf/", "testing", "github.com/stretchr/testify/",
}

var jsEnv = []string{"GOOS=js", "GOARCH=wasm", "CGO_ENABLED=0"}

// TestBrowserRoomsStayLight reads what the rooms pull in when built for js/wasm.
func TestBrowserRoomsStayLight(t *testing.T) {
	for _, room := range browserRooms {
		for _, p := range list(t, jsEnv, "-deps", "./"+room) {
			for _, h := range heavy {
				if p.ImportPath == h || strings.HasSuffix(h, "/") && strings.HasPrefix(p.ImportPath, h) {
					t.Errorf("%s pulls in %s for js/wasm: put a seam before it, or a build constraint around it", room, h)
				}
			}
		}
	}
}
