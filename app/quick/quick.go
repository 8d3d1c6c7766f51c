// Package quick does one thing before the program around it has started: it
// answers `relink token ACCOUNT` of a script, which runs before every request
// the script makes, from an agent that is there.
//
// A Go program initialises every package it is made of before its main runs.
// With a database, HTTP and D-Bus linked in, that takes this program about as
// long as all that a token command has to do. Packages are initialised in the
// order of their import paths, as far as their imports allow (The Go
// Programming Language Specification, "Program initialization"); so this one
// asks and ends the process in its init. It is a module of its own for a path
// that comes before all others, and imports nothing that is not cheap.
//
// Whatever is out of the ordinary is left to the program: other arguments, a
// person at the terminal, no agent, an address that is not in the environment.
// Then nobody was asked, or, where the agent refused, [Refusal] has its answer.
package quick
