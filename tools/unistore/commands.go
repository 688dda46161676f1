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

// storeServer is the store without three of its faults.
//
//   - Its scans in reverse show what is newest: they open the iterator before they tell it
//     the timestamp.
//   - A transaction in one phase, or with asynchronous commit, gets its timestamp before
//     readers can see it or its locks, so that a reader with a later one may miss it. Here
//     readers wait for it.
//   - Of the commands that clients send together it does not know some, and ends when it is
//     sent one.
type storeServer struct {
	*tikv.Server
	prewriting *sync.RWMutex // held by prewrites, and shared by readers
}

// KvPrewrite implements tikvpb.TikvServer.
func (s storeServer) KvPrewrite(ctx context.Context, r *kvrpcpb.PrewriteRequest) (*kvrpcpb.PrewriteResponse, error) {
	s.prewriting.Lock()
	defer s.prewriting.Unlock()
	return s.Server.KvPrewrite(ctx, r)
}

// KvGet implements tikvpb.TikvServer.
func (s storeServer) KvGet(ctx context.Context, r *kvrpcpb.GetRequest) (*kvrpcpb.GetResponse, error) {
	s.prewriting.RLock()
	defer s.prewriting.RUnlock()
	return s.Server.KvGet(ctx, r)
}

// KvBatchGet implements tikvpb.TikvServer.
func (s storeServer) KvBatchGet(ctx context.Context, r *kvrpcpb.BatchGetRequest) (*kvrpcpb.BatchGetResponse, error) {
	s.prewriting.RLock()
	defer s.prewriting.RUnlock()
	return s.Server.KvBatchGet(ctx, r)
}

// KvScan makes a scan in reverse of one in order. It reads the whole range for it, which
// tests can afford.
func (s storeServer) KvScan(ctx context.Context, r *kvrpcpb.ScanRequest) (*kvrpcpb.ScanResponse, error) {
	s.prewriting.RLock()
	defer s.prewriting.RUnlock()
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

// BatchCommands takes the commands that are answered here out of what clients send together.
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
		if carryOut := b.server.handler(b.Context(), c); carryOut != nil {
			b.answering.Go(func() { b.answer(id, carryOut) })
			continue
		}
		others.Requests, others.RequestIds = append(others.Requests, c), append(others.RequestIds, id)
	}
	return others, nil
}

type response = tikvpb.BatchCommandsResponse_Response

// handler returns what carries out a command that is answered here, nil if it is not.
func (s storeServer) handler(ctx context.Context, c *tikvpb.BatchCommandsRequest_Request) func() (*response, error) {
	switch c := c.Cmd.(type) {
	case *tikvpb.BatchCommandsRequest_Request_Get:
		return func() (*response, error) {
			answer, err := s.KvGet(ctx, c.Get)
			return &response{Cmd: &tikvpb.BatchCommandsResponse_Response_Get{Get: answer}}, err
		}
	case *tikvpb.BatchCommandsRequest_Request_BatchGet:
		return func() (*response, error) {
			answer, err := s.KvBatchGet(ctx, c.BatchGet)
			return &response{Cmd: &tikvpb.BatchCommandsResponse_Response_BatchGet{BatchGet: answer}}, err
		}
	case *tikvpb.BatchCommandsRequest_Request_Scan:
		return func() (*response, error) {
			answer, err := s.KvScan(ctx, c.Scan)
			return &response{Cmd: &tikvpb.BatchCommandsResponse_Response_Scan{Scan: answer}}, err
		}
	case *tikvpb.BatchCommandsRequest_Request_Prewrite:
		return func() (*response, error) {
			answer, err := s.KvPrewrite(ctx, c.Prewrite)
			return &response{Cmd: &tikvpb.BatchCommandsResponse_Response_Prewrite{Prewrite: answer}}, err
		}
	case *tikvpb.BatchCommandsRequest_Request_CheckSecondaryLocks:
		return func() (*response, error) {
			answer, err := s.KvCheckSecondaryLocks(ctx, c.CheckSecondaryLocks)
			return &response{Cmd: &tikvpb.BatchCommandsResponse_Response_CheckSecondaryLocks{CheckSecondaryLocks: answer}}, err
		}
	case *tikvpb.BatchCommandsRequest_Request_GetHealthFeedback:
		return func() (*response, error) {
			answer := &kvrpcpb.GetHealthFeedbackResponse{}
			return &response{Cmd: &tikvpb.BatchCommandsResponse_Response_GetHealthFeedback{GetHealthFeedback: answer}}, nil
		}
	}
	return nil
}

// answer carries out one command. If the stream has ended meanwhile, nobody waits for that.
func (b *batchStream) answer(id uint64, carryOut func() (*response, error)) {
	r, err := carryOut()
	if err != nil {
		return
	}
	_ = b.Send(&tikvpb.BatchCommandsResponse{RequestIds: []uint64{id}, Responses: []*response{r}})
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
