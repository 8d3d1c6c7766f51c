package platform

import (
	"reflect"
	"testing"
	"time"
)

func TestClocksFillSilence(t *testing.T) {
	issued := time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC)
	now := issued.Add(24 * time.Hour)
	access := Tokens{Access: NewSecret("a")}
	said := Clock{Kind: ClockAccess, Source: SourceProvider, At: issued.Add(time.Hour), Since: issued}
	tests := []struct {
		name     string
		platform *Platform
		grant    Grant
		want     []Clock
	}{
		{"facebook is silent", facebook, Grant{Tokens: access, Issued: issued}, []Clock{
			{Kind: ClockAccess, Source: SourceAssumed, At: issued.Add(90 * day), Since: issued},
			{Kind: ClockDataAccess, Source: SourceAssumed, At: issued.Add(90 * day), Since: issued},
		}},
		{"linkedin is silent", linkedin, Grant{Tokens: access, Issued: issued}, []Clock{
			{Kind: ClockAccess, Source: SourceAssumed, At: issued.Add(60 * day), Since: issued},
		}},
		{"linkedin said so", linkedin, Grant{Tokens: access, Issued: issued, Clocks: []Clock{said}}, []Clock{said}},
		{"mastodon does not expire", mastodon, Grant{Tokens: access}, []Clock{{Kind: ClockAccess, Source: SourceNever, Since: now}}},
		{"a fork that does", mastodon, Grant{Tokens: access, Clocks: []Clock{said}}, []Clock{said}},
		{"no table", oidc, Grant{Tokens: access}, nil},
		{"no tokens", facebook, Grant{}, nil},
	}
	for _, tt := range tests {
		if got := tt.platform.Clocks(tt.grant, now); !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%s: got %v, want %v", tt.name, got, tt.want)
		}
	}
}

func TestSeconds(t *testing.T) {
	tests := []struct {
		in   any
		want time.Duration
	}{
		{float64(3600), time.Hour},
		{int64(60), time.Minute},
		{"5184000", 60 * day},
		{1e300, longest},
		{float64(0), 0}, {float64(-5), 0}, {"soon", 0}, {"NaN", 0}, {nil, 0}, {true, 0},
	}
	for _, tt := range tests {
		if got := seconds(tt.in); got != tt.want {
			t.Errorf("%v: got %v, want %v", tt.in, got, tt.want)
		}
	}
}
