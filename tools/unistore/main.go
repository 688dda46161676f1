// Command unistore is a server that speaks TiKV's gRPC protocol, for tests. It
// keeps one copy of the data, in a folder, and registers with a placement driver.
package main

import (
	"context"
	"flag"
	"fmt"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"sync"
	"syscall"

	"github.com/pingcap/kvproto/pkg/tikvpb"
	"github.com/pingcap/tidb/pkg/store/mockstore/unistore/config"
	"github.com/pingcap/tidb/pkg/store/mockstore/unistore/pd"
	"github.com/pingcap/tidb/pkg/store/mockstore/unistore/server"
	"google.golang.org/grpc"
	"google.golang.org/grpc/health"
	"google.golang.org/grpc/health/grpc_health_v1"
)

func main() {
	addr := flag.String("addr", "127.0.0.1:20160", "the address that is served")
	advertise := flag.String("advertise", "", "the address that clients are told, if it is another one")
	pdAddr := flag.String("pd", "127.0.0.1:2379", "the placement driver's address")
	regionSize := flag.Int64("region-size", 1<<40, "from how many bytes on a region is split")
	data := flag.String("data", "", "the folder of the data")
	flag.Parse()
	if *advertise == "" {
		*advertise = *addr
	}
	if err := run(*addr, *advertise, *pdAddr, *data, *regionSize); err != nil {
		fmt.Fprintln(os.Stderr, "unistore:", err)
		os.Exit(1)
	}
}

func run(addr, advertise, pdAddr, data string, regionSize int64) error {
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	conf := config.DefaultConf
	conf.Server.Raft = false
	conf.Server.StoreAddr, conf.Server.PDAddr = advertise, pdAddr
	conf.Server.RegionSize = regionSize
	conf.Engine.DBPath = data
	conf.Engine.SyncWrite = true // what is not synced waits in the process, which may be killed
	if err := os.MkdirAll(filepath.Join(data, "kv"), 0o750); err != nil {
		return err
	}
	placement, err := pd.NewClient([]string{pdAddr}, "unistore")
	if err != nil {
		return err
	}
	defer placement.Close()
	store, err := server.New(&conf, &splitting{Client: placement})
	if err != nil {
		return err
	}
	s := grpc.NewServer(grpc.MaxRecvMsgSize(256<<20), grpc.MaxConcurrentStreams(1024))
	tikvpb.RegisterTikvServer(s, storeServer{Server: store, prewriting: new(sync.RWMutex)})
	// Clients take a store that was away back when it says that it is well.
	grpc_health_v1.RegisterHealthServer(s, health.NewServer())
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, s.Stop)
	err = s.Serve(listener)
	store.Stop()
	return err
}
