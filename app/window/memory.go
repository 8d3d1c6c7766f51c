package window

import (
	"encoding/json"
	"os"
	"slices"

	"relink/app/atomicfile"
)

// memory is what a window remembers from one time to the next, in a file of
// its own: nothing that the agent needs, and nothing that hurts to lose.
type memory struct {
	Width  float32 `json:"width,omitempty"`
	Height float32 `json:"height,omitempty"`
	// Page is the last one shown: empty for the accounts, or notices.
	Page   string `json:"page,omitempty"`
	Filter string `json:"filter,omitempty"`
	Order  string `json:"order,omitempty"`
	// Account is the one chosen, Top the one at the top of the list.
	Account string `json:"account,omitempty"`
	Top     string `json:"top,omitempty"`
	// Text is the size of the text in per cent; zero means 100.
	Text int `json:"text,omitempty"`
	// Queue are the sign-ins that are under way one after another; nil for none.
	Queue *queueKept `json:"queue,omitempty"`
	// Asked are the questions that were answered once and are not asked again.
	Asked []string `json:"asked,omitempty"`
}

// The questions asked once.
const askedLogin = "login"

func (m *memory) asked(q string) bool { return slices.Contains(m.Asked, q) }

// windowLeast and windowMost bound a size that is believed.
const (
	windowLeast float32 = 320
	windowMost  float32 = 16_384
)

// recall reads what was remembered; what cannot be read was nothing.
func recall(path string) memory {
	var m memory
	data, err := os.ReadFile(path)
	if err != nil || json.Unmarshal(data, &m) != nil {
		return memory{}
	}
	if m.Width < windowLeast || m.Width > windowMost || m.Height < windowLeast || m.Height > windowMost {
		m.Width, m.Height = 0, 0
	}
	if m.Text < textLeast || m.Text > textMost {
		m.Text = 0
	}
	return m
}

// remember writes it down.
func (m memory) remember(path string) error {
	data, err := json.Marshal(m)
	if err != nil {
		return err
	}
	return atomicfile.Write(path, append(data, '\n'), 0o600)
}
