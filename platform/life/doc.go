// Package life walks every platform's whole life against the practice network:
// connected, by the wrong person, with fewer permissions, ended, renewed,
// interrupted, revoked, and connected again. It holds only tests; make matrix
// prints what came of them.
package life
