package tikv

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/tikv/client-go/v2/config"
	"github.com/tikv/client-go/v2/oracle"
	"github.com/tikv/client-go/v2/tikv"
	pd "github.com/tikv/pd/client"

	"github.com/ankgo/ank/storage"
	"github.com/ankgo/ank/storage/kv"
)

// Open returns an engine over a system's data in a cluster; the caller closes it. Several
// may be open at a time, in any processes: the engine is a storage.Shared.
func Open(ctx context.Context, options Options) (storage.Engine, error) {
	d, err := openDriver(ctx, options, usualPace())
	if err != nil {
		return nil, err
	}
	return kv.OpenShared(ctx, d, kv.Options{})
}

// driver is a system's folder in a cluster.
type driver struct {
	layout
	client    *tikv.KVStore
	safepoint *safepoint
	patience  time.Duration
	notices   *notices           // nil without Options.Notices
	forget    context.CancelFunc // after client was closed

	ctx     context.Context // done with Close
	cancel  context.CancelFunc
	running sync.WaitGroup
}

var _ kv.SharedDriver = (*driver)(nil)

func openDriver(ctx context.Context, options Options, p pace) (*driver, error) {
	if err := options.check(); err != nil {
		return nil, fmt.Errorf("tikv: %w", err)
	}
	placement, forget, err := findPlacement(ctx, options)
	if err != nil {
		return nil, fmt.Errorf("tikv: connect to %v: %w", options.PD, err)
	}
	client, err := connect(placement, options)
	if err != nil {
		placement.Close()
		forget()
		return nil, fmt.Errorf("tikv: connect to %v: %w", options.PD, err)
	}
	d := &driver{layout: layout{folderOf(options.System)}, client: client, forget: forget, patience: options.patience()}
	d.safepoint = &safepoint{pd: client.GetPDClient(), service: "ank-" + options.System + "-" + rand.Text()}
	if options.Notices != "" {
		if d.notices, err = openNotices(ctx, d, options, p); err != nil {
			return nil, errors.Join(err, d.letGo())
		}
	}
	d.ctx, d.cancel = context.WithCancel(context.WithoutCancel(ctx))
	if d.notices != nil {
		d.notices.run(d.ctx, &d.running)
	}
	d.running.Go(func() { d.safepoint.run(d.ctx) })
	return d, nil
}

// findPlacement finds the placement drivers, as long as ctx lasts. forget is called when
// their client was closed.
func findPlacement(ctx context.Context, options Options) (placement pd.Client, forget context.CancelFunc, err error) {
	files := options.files()
	life, forget := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, forget)
	placement, err = pd.NewClientWithContext(life, options.PD, pd.SecurityOption{
		CAPath: files.Authority, CertPath: files.Certificate, KeyPath: files.Key,
	})
	late := !stop()
	if err == nil && late {
		placement.Close()
	}
	if err != nil || late {
		forget()
		return nil, nil, errors.Join(ctx.Err(), err)
	}
	return placement, forget, nil
}

// connect makes a client of the cluster, with nothing taken from the library's global
// settings but sizes and times.
func connect(placement pd.Client, options Options) (*tikv.KVStore, error) {
	files := options.files()
	coded := tikv.NewCodecPDClient(tikv.ModeTxn, placement)
	security := config.NewSecurity(files.Authority, files.Certificate, files.Key, nil)
	tlsConfig, err := security.ToTLSConfig()
	if err != nil {
		return nil, err
	}
	safepoints, err := tikv.NewEtcdSafePointKV(options.PD, tlsConfig)
	if err != nil {
		return nil, err
	}
	name := fmt.Sprintf("ank-%d", coded.GetClusterID(context.Background()))
	// Stores, too, tell where regions begin and end, when those were split: in the same code.
	requests := tikv.NewRPCClient(tikv.WithSecurity(security), tikv.WithCodec(coded.GetCodec()))
	client, err := tikv.NewKVStore(name, coded, safepoints, requests)
	if err != nil {
		return nil, errors.Join(err, safepoints.Close())
	}
	return client, nil
}

// timestamp asks the placement driver for the time.
func (d *driver) timestamp(ctx context.Context) (uint64, error) {
	ts, err := d.client.GetOracle().GetTimestamp(ctx, &oracle.Option{TxnScope: oracle.GlobalTxnScope})
	if err != nil {
		return 0, classify(err)
	}
	return ts, nil
}

// Traits says that bytes belong to whoever got them; everything takes a round trip.
func (d *driver) Traits() kv.Traits { return kv.Traits{StableBytes: true} }

// Get reads the newest state.
func (d *driver) Get(key, buf []byte) ([]byte, bool, error) {
	r, err := d.Snapshot()
	if err != nil {
		return nil, false, err
	}
	value, ok, err := r.Get(key, buf)
	return value, ok, errors.Join(err, r.Close())
}

// Snapshot is a timestamp, for which the placement driver is asked.
func (d *driver) Snapshot() (kv.Reader, error) {
	ctx, cancel := context.WithTimeout(d.ctx, d.patience)
	defer cancel()
	ts, err := d.timestamp(ctx)
	if err != nil {
		return nil, err
	}
	d.safepoint.add(ts)
	return &reader{driver: d, ts: ts}, nil
}

// Close lets go of the cluster. All that was written is durable already.
func (d *driver) Close() error {
	err := d.stop()
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if d.notices != nil {
		d.notices.leave(ctx)
	}
	d.safepoint.letGo(ctx)
	return errors.Join(err, d.letGo())
}

// letGo closes the client.
func (d *driver) letGo() error {
	defer d.forget()
	return d.client.Close()
}

// stop ends what runs.
func (d *driver) stop() error {
	var err error
	d.cancel()
	if d.notices != nil {
		err = d.notices.conn.Close()
	}
	d.running.Wait()
	return err
}
