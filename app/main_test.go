package app

import (
	"os"
	"testing"
)

// The tests read English, whatever language the machine speaks.
func TestMain(m *testing.M) {
	if err := os.Setenv("LC_ALL", "C.UTF-8"); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}
