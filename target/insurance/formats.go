package insurance

import (
	"fmt"

	"swell/target"
	"swell/target/state"
)

// maxText is the longest text accepted, in characters.
const maxText = 200

// How ids begin.
const (
	organizationPrefix state.Prefix = "org_"
	userPrefix         state.Prefix = "usr_"
	quotePrefix        state.Prefix = "quo_"
	policyPrefix       state.Prefix = "pol_"
	claimPrefix        state.Prefix = "clm_"
)

// formats are what `is` tags and query parameters stand for in the OpenAPI
// document. Enumerations are those that the code checks with.
func formats() map[string]target.Schema {
	all := map[string]target.Schema{
		"cents":    {"type": "integer", "minimum": 0, "description": "whole cents"},
		"coverage": {"type": "integer", "minimum": 1, "maximum": int64(maxCoverage), "description": "whole cents", "examples": []int{2_000_000}},
		"age":      {"type": "integer", "minimum": minAge, "maximum": maxAge, "description": "years"},
		"someText": {"type": "string", "minLength": 1, "maxLength": maxText},
		"note":     {"type": "string", "maxLength": maxText},
	}
	for name, prefix := range map[string]state.Prefix{
		"organization": organizationPrefix, "user": userPrefix, "quote": quotePrefix, "policy": policyPrefix, "claim": claimPrefix,
	} {
		all[name] = target.Schema{"type": "string", "pattern": fmt.Sprintf("^%s[0-9]{%d}$", prefix, state.IDDigits), "examples": []string{prefix.ID(0)}}
	}
	for name, values := range map[string][]string{
		"product": products, "incident": incidents, "quoteStatus": quoteStatuses, "policyStatus": policyStatuses, "claimStatus": claimStatuses,
	} {
		all[name] = target.Schema{"type": "string", "enum": values}
	}
	for name, value := range map[string]string{
		"organizationObject": "organization", "userObject": "user", "session": "session", "tokenType": "Bearer", "premium": "premium",
		"quoteObject": "quote", "policyObject": "policy", "claimObject": "claim", "event": "event",
	} {
		all[name] = target.Schema{"const": value}
	}
	return all
}

// nothing is the body of what needs none.
type nothing struct{}

// paging are the parameters of a list whose items' ids have that format, before
// filters of the list's own.
func paging(id string, filters ...target.Param) []target.Param {
	return append([]target.Param{{Name: "limit", Format: "limit"}, {Name: "starting_after", Format: id}}, filters...)
}

// needText notes a text that is missing or too long.
func needText(v *target.Checks, at, text string) {
	if text == "" {
		v.Pointer(at, "is required")
	}
	allowText(v, at, text)
}

// allowText notes a text that is too long.
func allowText(v *target.Checks, at, text string) {
	if len([]rune(text)) > maxText {
		v.Pointer(at, "must have at most %d characters", maxText)
	}
}
