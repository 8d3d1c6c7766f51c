package platform

import (
	"fmt"
	"sync/atomic"
)

// Catalogue is one language's sentences, by the English ones that stand in the
// code. What it lacks is said in English.
type Catalogue struct {
	// Tag of the language (BCP 47), such as "de".
	Tag string `json:"tag"`
	// Sentences may place what is filled in by number (%[2]s), as package fmt has it.
	Sentences map[string]string `json:"sentences"`
	// Plurals are the forms of sentences that count something, by the English for
	// many: one and many, or the only one there is.
	Plurals map[string][]string `json:"plurals"`
}

var catalogue atomic.Pointer[Catalogue]

// SetCatalogue chooses the language of this process; nil is English.
func SetCatalogue(c *Catalogue) { catalogue.Store(c) }

// Language is the tag of the language in use.
func Language() string {
	if c := catalogue.Load(); c != nil {
		return c.Tag
	}
	return "en"
}

// T says a sentence in the person's language, with what is to be filled in. The
// English stands in the code, whole: a test looks it up in every catalogue.
func T(english string, args ...any) string {
	if c := catalogue.Load(); c != nil && c.Sentences[english] != "" {
		english = c.Sentences[english]
	}
	if len(args) == 0 {
		return english
	}
	return fmt.Sprintf(english, args...)
}

// N says a sentence that counts something; n comes first among what is filled in.
func N(n int, one, many string, args ...any) string {
	english := many
	if n == 1 {
		english = one
	}
	if c := catalogue.Load(); c != nil {
		if forms := c.Plurals[many]; len(forms) > 0 {
			english = forms[form(c.Tag, n, len(forms))]
		}
	}
	return fmt.Sprintf(english, append([]any{n}, args...)...)
}

// form is the plural form of a count (CLDR plural rules, cardinal): French
// counts zero as one, Japanese has one form.
func form(tag string, n, forms int) int {
	switch {
	case forms == 1, n == 1, tag == "fr" && n == 0:
		return 0
	}
	return 1
}
