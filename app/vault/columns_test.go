package vault

import (
	"encoding/json"
	"math"
	"testing"
	"time"
)

func TestTimesThatJSONHolds(t *testing.T) {
	at := time.Date(2027, 1, 15, 8, 0, 0, 0, time.UTC)
	if got := fromMillis(millis(at)); got != at {
		t.Errorf("%v came back as %v", at, got)
	}
	if got := fromMillis(millis(time.Time{})); !got.IsZero() {
		t.Errorf("none came back as %v", got)
	}
	for _, ms := range []int64{math.MinInt64, math.MaxInt64, at.UnixMicro() * 1000, -at.UnixMicro() * 1000} {
		if _, err := json.Marshal(fromMillis(ms)); err != nil {
			t.Errorf("%d: %v", ms, err)
		}
	}
}
