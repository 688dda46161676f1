package main

import (
	"bytes"

	"github.com/pingcap/kvproto/pkg/metapb"
	"github.com/pingcap/kvproto/pkg/pdpb"
	"github.com/pingcap/tidb/pkg/store/mockstore/unistore/pd"
)

// splitting makes regions that were split what they are in a TiKV: both halves have a
// version that follows that of the whole. The store gives the left one version 1, so that
// clients take it for older than what they knew, and do not find it. It is put right before
// anybody has heard of it, but not on the disk: a store that has split regions cannot be
// started again.
type splitting struct {
	pd.Client
	before *metapb.Region // what was reported last: the right half comes first
}

// ReportRegion implements pd.Client. The store calls it from one goroutine.
func (s *splitting) ReportRegion(r *pdpb.RegionHeartbeatRequest) {
	left, right := r.Region, s.before
	if right != nil && len(right.StartKey) > 0 && bytes.Equal(left.EndKey, right.StartKey) && left.RegionEpoch.Version < right.RegionEpoch.Version {
		left.RegionEpoch.Version = right.RegionEpoch.Version
	}
	s.before = r.Region
	s.Client.ReportRegion(r)
}
