package insurance

import "swell/target"

// Bounds of a risk.
const (
	maxCoverage = 100_000_000_00 // cents
	minAge      = 18
	maxAge      = 120
)

// products are what can be insured, and what a year of it costs, in hundredths
// of a percent of the coverage.
var (
	products = []string{"auto", "home", "life", "business"}
	rates    = map[string]int64{"auto": 300, "home": 40, "life": 60, "business": 90}
)

// risk is what is to be insured.
type risk struct {
	Product    string `json:"product" is:"product"`
	Coverage   int64  `json:"coverage" is:"coverage"`          // cents
	Deductible int64  `json:"deductible,omitempty" is:"cents"` // not above Coverage
	Age        int64  `json:"age" is:"age"`                    // years, of the customer
}

// check notes all that is wrong with r.
func (r *risk) check(v *target.Checks) {
	v.OneOf("#/product", r.Product, products)
	if r.Coverage < 1 || r.Coverage > maxCoverage {
		v.Pointer("#/coverage", "must be an integer from 1 to %d", int64(maxCoverage))
	}
	if r.Deductible < 0 || r.Deductible > r.Coverage {
		v.Pointer("#/deductible", "must be an integer from 0 to the coverage")
	}
	if r.Age < minAge || r.Age > maxAge {
		v.Pointer("#/age", "must be an integer from %d to %d", minAge, maxAge)
	}
}

// premium is what the risk costs a year, in cents: coverage × rate, half as much
// again for customers below 25 and 30 % more from 65 on, and for a deductible as
// many percent less as it is of the coverage, at most 30.
func (r *risk) premium() int64 {
	ageing := int64(100)
	switch {
	case r.Age < 25:
		ageing = 150
	case r.Age >= 65:
		ageing = 130
	}
	relief := min(30, 100*r.Deductible/r.Coverage)
	return max(1, r.Coverage*rates[r.Product]/10_000*ageing*(100-relief)/10_000)
}
