package nodetest

import "testing"

// TestSimulation is what make sim runs with more seeds.
func TestSimulation(t *testing.T) { Run(t, testApp(), Options{}, 200) }
