package tikv

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tikv/client-go/v2/oracle"
	pd "github.com/tikv/pd/client"

	"github.com/ankgo/ank/internal/enginetest"
	"github.com/ankgo/ank/storage/kv"
)

func testDriver(t *testing.T) *driver {
	t.Helper()
	d, err := openDriver(context.Background(), Options{
		PD: strings.Split(os.Getenv(enginetest.TiKV), ","), System: fmt.Sprintf("%s-%d", t.Name(), os.Getpid()),
	}, usualPace())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, d.Close()) })
	return d
}

// randomKey makes keys of every table, some longer than servers take, and those alike for
// longer than what is kept of them.
func randomKey(rng *rand.Rand) []byte {
	switch rng.IntN(4) {
	case 0:
		return append([]byte("e"), bytes.Repeat([]byte{byte(rng.IntN(20))}, 32)...)
	case 1:
		return append([]byte("s\x01"), bytes.Repeat([]byte{byte(rng.IntN(40))}, 16)...)
	case 2:
		return append([]byte("i\x02"), bytes.Repeat([]byte{'x'}, maxKey-10+rng.IntN(40))...)
	}
	return fmt.Appendf(nil, "i\x01%d", rng.IntN(50))
}

func randomValue(rng *rand.Rand) []byte {
	n := rng.IntN(100)
	if rng.IntN(20) == 0 {
		n = maxValue/2 + rng.IntN(2*maxValue)
	}
	return bytes.Repeat([]byte{byte(rng.IntN(256))}, n)
}

// TestDriverIsAnOrderedMap plays random writes, and compares reads of every kind with a map.
func TestDriverIsAnOrderedMap(t *testing.T) {
	const seed = 1
	rng := rand.New(rand.NewPCG(seed, seed))
	ctx := context.Background()
	d := testDriver(t)
	model := make(map[string][]byte)
	for range 120 {
		var w kv.Writes
		for range 1 + rng.IntN(12) {
			key, value := randomKey(rng), randomValue(rng)
			switch rng.IntN(8) {
			case 0:
				w.Delete(key)
				delete(model, string(key))
			case 1:
				hi := randomKey(rng)
				w.DeleteRange(key, hi)
				maps.DeleteFunc(model, func(k string, _ []byte) bool { return k >= string(key) && k < string(hi) })
			default:
				w.Set(key, value)
				model[string(key)] = value
			}
		}
		require.NoError(t, d.Write(ctx, &w, true))
		compare(t, rng, d, model)
	}
	var w kv.Writes
	w.DeleteRange([]byte("a"), []byte("z"))
	require.NoError(t, d.Write(ctx, &w, true))
	r, err := d.Snapshot()
	require.NoError(t, err)
	base := append(slices.Clone(d.folder), bucketFirst)
	left, _, err := r.(*reader).scan(span{base, d.end()}, 10, false)
	require.NoError(t, err)
	require.Empty(t, left, "pieces of values that are gone")
	require.NoError(t, r.Close())
}

// compare reads a random range in all ways.
func compare(t *testing.T, rng *rand.Rand, d *driver, model map[string][]byte) {
	t.Helper()
	r, err := d.Snapshot()
	require.NoError(t, err)
	defer func() { require.NoError(t, r.Close()) }()
	lo, hi := randomKey(rng), randomKey(rng)
	if rng.IntN(3) == 0 {
		lo, hi = nil, nil
	}
	var want []string
	for _, key := range slices.Sorted(maps.Keys(model)) {
		if key >= string(lo) && (len(hi) == 0 || key < string(hi)) {
			want = append(want, key)
		}
	}
	require.Equal(t, want, walk(t, r.Scan(lo, hi, false), model))
	slices.Reverse(want)
	require.Equal(t, want, walk(t, r.Scan(lo, hi, true), model))
	slices.Reverse(want)
	seek(t, rng, r.Scan(lo, hi, false), want)
	keys := [][]byte{randomKey(rng), randomKey(rng), randomKey(rng)}
	values, err := r.(kv.ManyGetter).GetMany(keys)
	require.NoError(t, err)
	for i, key := range keys {
		value, ok, err := r.Get(key, nil)
		require.NoError(t, err)
		wanted, there := model[string(key)]
		require.Equal(t, there, ok)
		require.Equal(t, there, values[i] != nil)
		require.True(t, bytes.Equal(wanted, value) && bytes.Equal(wanted, values[i]))
	}
}

func walk(t *testing.T, it kv.Iterator, model map[string][]byte) (keys []string) {
	t.Helper()
	for it.Next() {
		keys = append(keys, string(it.Key()))
		require.True(t, bytes.Equal(model[string(it.Key())], it.Value()))
	}
	require.NoError(t, it.Close())
	return keys
}

func seek(t *testing.T, rng *rand.Rand, it kv.Iterator, want []string) {
	t.Helper()
	for range 5 {
		key := randomKey(rng)
		i, _ := slices.BinarySearch(want, string(key))
		require.Equal(t, i < len(want), it.Seek(key))
		if i < len(want) {
			require.Equal(t, want[i], string(it.Key()))
		}
	}
	require.NoError(t, it.Close())
}

// TestOpenReadersHoldTheCollectorUp looks at what the placement driver is told.
func TestOpenReadersHoldTheCollectorUp(t *testing.T) {
	ctx := context.Background()
	told := &collector{}
	s := &safepoint{pd: told, service: "test"}
	now := time.Now()
	old := oracle.GoTimeToTS(now.Add(-2 * longRead))
	s.add(oracle.GoTimeToTS(now))
	s.renew(ctx, now)
	require.Empty(t, told.safepoints, "short reads do not matter")
	s.add(old)
	s.add(old)
	s.renew(ctx, now)
	s.release(old)
	s.renew(ctx, now)
	require.Equal(t, []uint64{old - 1, old - 1}, told.safepoints)
	s.release(old)
	s.renew(ctx, now)
	s.renew(ctx, now)
	require.Equal(t, []uint64{old - 1, old - 1, 0}, told.safepoints, "let go of, once")
}

// collector is a placement driver that remembers what it was told.
type collector struct {
	pd.Client
	safepoints []uint64
}

func (c *collector) UpdateServiceGCSafePoint(_ context.Context, _ string, _ int64, ts uint64) (uint64, error) {
	c.safepoints = append(c.safepoints, ts)
	return ts, nil
}

func TestOptions(t *testing.T) {
	good := Options{PD: []string{"a"}, System: "s"}
	require.NoError(t, good.check())
	for name, bad := range map[string]Options{
		"placement driver":  {System: "s"},
		"200 bytes":         {PD: good.PD, System: strings.Repeat("x", 201)},
		"none of them 0":    {PD: good.PD, System: "a\x00b"},
		"none to listen at": {PD: good.PD, System: "s", Advertise: "10.0.0.1"},
		"authority":         {PD: good.PD, System: "s", TLS: &TLS{}},
		"a certificate":     {PD: good.PD, System: "s", TLS: &TLS{Authority: "a", Key: "k"}},
		"its key":           {PD: good.PD, System: "s", TLS: &TLS{Authority: "a", Certificate: "c"}},
	} {
		_, err := Open(context.Background(), bad)
		require.ErrorContains(t, err, name)
	}
}
