package main

import (
	"fmt"
	"io"
	"text/tabwriter"
)

// table collects figures, and how many missed their budget.
type table struct {
	rows   []string
	missed int
}

// figure is one measured value beside its budget.
type figure struct {
	what string
	got  float64
	unit string
	// beside is what it is compared with, base its value; empty when it stands alone.
	beside string
	base   float64
	// most is the budget: of the value, or of the ratio to base; zero is none.
	most float64
}

func (t *table) add(f figure) {
	value, compared, budget, verdict := f.got, "-", "-", ""
	if f.beside != "" {
		value = f.got / f.base
		compared = fmt.Sprintf("%.3g × %s (%.4g %s)", value, f.beside, f.base, f.unit)
	}
	if f.most > 0 {
		budget = fmt.Sprintf("≤ %.3g", f.most)
		if f.beside == "" {
			budget += " " + f.unit
		} else {
			budget += " ×"
		}
		verdict = "kept"
		if value > f.most {
			verdict = "MISSED"
			t.missed++
		}
	}
	t.rows = append(t.rows, fmt.Sprintf("%s\t%.4g %s\t%s\t%s\t%s", f.what, f.got, f.unit, compared, budget, verdict))
}

func (t *table) print(w io.Writer) {
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tw, "WHAT\tMEASURED\tBESIDE\tBUDGET\t")
	for _, row := range t.rows {
		fmt.Fprintln(tw, row)
	}
	_ = tw.Flush() // a terminal
}
