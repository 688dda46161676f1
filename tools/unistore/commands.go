package main

import (
	"context"
	"math"
	"slices"
	"sync"

	"github.com/pingcap/kvproto/pkg/kvrpcpb"
	"github.com/pingcap/kvproto/pkg/tikvpb"
	"github.com/pingcap/tidb/pkg/store/mockstore/unistore/tikv"
)

// storeServer is the store without two of its faults. Its scans in reverse show what is
// newest, as they open the iterator before they tell it the timestamp. And of commands that
// clients send together it does not know some, and ends when it is sent one.
type storeServer struct {
	*tikv.Server
}

// KvScan makes a scan in reverse of one in order. It reads the whole range for it, which
// tests can afford.
func (s storeServer) KvScan(ctx context.Context, r *kvrpcpb.ScanRequest) (*kvrpcpb.ScanResponse, error) {
	if !r.Reverse {
		return s.Server.KvScan(ctx, r)
	}
	forward := *r
	forward.Reverse, forward.StartKey, forward.EndKey, forward.Limit = false, r.EndKey, r.StartKey, math.MaxInt32
	answer, err := s.Server.KvScan(ctx, &forward)
	if err == nil {
		slices.Reverse(answer.Pairs)
		answer.Pairs = answer.Pairs[:min(len(answer.Pairs), int(r.Limit))]
	}
	return answer, err
}

// BatchCommands takes those scans, and what is not known, out of what clients send together.
func (s storeServer) BatchCommands(stream tikvpb.Tikv_BatchCommandsServer) error {
	b := &batchStream{Tikv_BatchCommandsServer: stream, server: s}
	defer b.answering.Wait()
	return s.Server.BatchCommands(b)
}

type batchStream struct {
	tikvpb.Tikv_BatchCommandsServer
	server    storeServer
	answering sync.WaitGroup
	sending   sync.Mutex // one answer at a time
}

func (b *batchStream) Recv() (*tikvpb.BatchCommandsRequest, error) {
	r, err := b.Tikv_BatchCommandsServer.Recv()
	if err != nil {
		return nil, err
	}
	others := &tikvpb.BatchCommandsRequest{}
	for i, c := range r.Requests {
		id := r.RequestIds[i]
		if scan := c.GetScan(); scan != nil && scan.Reverse {
			b.answering.Go(func() { b.scan(id, scan) })
			continue
		}
		if check := c.GetCheckSecondaryLocks(); check != nil {
			b.answering.Go(func() { b.checkLocks(id, check) })
			continue
		}
		if c.GetGetHealthFeedback() != nil {
			b.answering.Go(func() { b.healthy(id) })
			continue
		}
		others.Requests, others.RequestIds = append(others.Requests, c), append(others.RequestIds, id)
	}
	return others, nil
}

func (b *batchStream) scan(id uint64, scan *kvrpcpb.ScanRequest) {
	answer, err := b.server.KvScan(b.Context(), scan)
	if err == nil {
		b.answer(id, &tikvpb.BatchCommandsResponse_Response{Cmd: &tikvpb.BatchCommandsResponse_Response_Scan{Scan: answer}})
	}
}

func (b *batchStream) checkLocks(id uint64, check *kvrpcpb.CheckSecondaryLocksRequest) {
	locks, err := b.server.KvCheckSecondaryLocks(b.Context(), check)
	if err == nil {
		answer := &tikvpb.BatchCommandsResponse_Response_CheckSecondaryLocks{CheckSecondaryLocks: locks}
		b.answer(id, &tikvpb.BatchCommandsResponse_Response{Cmd: answer})
	}
}

func (b *batchStream) healthy(id uint64) {
	answer := &tikvpb.BatchCommandsResponse_Response_GetHealthFeedback{GetHealthFeedback: &kvrpcpb.GetHealthFeedbackResponse{}}
	b.answer(id, &tikvpb.BatchCommandsResponse_Response{Cmd: answer})
}

// answer answers one command. If the stream has ended meanwhile, nobody waits for that.
func (b *batchStream) answer(id uint64, r *tikvpb.BatchCommandsResponse_Response) {
	_ = b.Send(&tikvpb.BatchCommandsResponse{
		RequestIds: []uint64{id}, Responses: []*tikvpb.BatchCommandsResponse_Response{r},
	})
}

// Send sends answers; to a command that the store does not know there is none.
func (b *batchStream) Send(r *tikvpb.BatchCommandsResponse) error {
	b.sending.Lock()
	defer b.sending.Unlock()
	known := &tikvpb.BatchCommandsResponse{TransportLayerLoad: r.TransportLayerLoad}
	for i, answer := range r.Responses {
		if answer != nil {
			known.Responses, known.RequestIds = append(known.Responses, answer), append(known.RequestIds, r.RequestIds[i])
		}
	}
	return b.Tikv_BatchCommandsServer.Send(known)
}
