package tasks

import (
	"slices"
	"strings"

	"swell/people"
	"swell/users"
)

// person is one of people.json with what it may do.
type person struct {
	people.Person
	rights map[string]bool
}

func newPerson(p people.Person) *person {
	rights := map[string]bool{}
	for _, right := range p.May() {
		rights[right] = true
	}
	return &person{p, rights}
}

// cast are the people by the name of their users.Role.
type cast map[string][]*person

// castOf gives people a role of their own for each set of tasks that somebody can
// do: those of one role in people.json differ only if some have fewer permissions.
func castOf(everybody []people.Person) ([]users.Role, cast) {
	members := map[people.Role]float64{}
	for _, p := range everybody {
		members[p.Role]++
	}
	var roles []users.Role
	all := cast{}
	for _, role := range people.Roles() {
		full := tasksOf(newPerson(people.Person{Role: role}))
		for _, one := range everybody {
			if one.Role != role {
				continue
			}
			p := newPerson(one)
			can := tasksOf(p)
			name := roleName(role, full, can)
			if len(all[name]) == 0 {
				roles = append(roles, users.Role{Name: name, Tasks: can})
			}
			all[name] = append(all[name], p)
		}
	}
	for i := range roles {
		group := all[roles[i].Name]
		role := group[0].Role
		roles[i].Share = roleShares[role] * float64(len(group)) / members[role]
	}
	return roles, all
}

// roleName is that of the role, and what some of its people cannot do.
func roleName(role people.Role, full, can []string) string {
	missing := slices.DeleteFunc(slices.Clone(full), func(task string) bool { return slices.Contains(can, task) })
	if len(missing) == 0 {
		return string(role)
	}
	return string(role) + " without " + strings.Join(missing, ", ")
}

// tasksOf are the names of the tasks that a person can do.
func tasksOf(p *person) []string {
	var names []string
	for _, f := range flows {
		if f.can == nil || f.can(p) {
			names = append(names, f.name)
		}
	}
	return names
}

// may wants all of these permissions.
func may(permissions ...string) func(*person) bool {
	return func(p *person) bool {
		return !slices.ContainsFunc(permissions, func(right string) bool { return !p.rights[right] })
	}
}

func is(role people.Role) func(*person) bool {
	return func(p *person) bool { return p.Role == role }
}

func either(conditions ...func(*person) bool) func(*person) bool {
	return func(p *person) bool {
		return slices.ContainsFunc(conditions, func(c func(*person) bool) bool { return c(p) })
	}
}

func both(a, b func(*person) bool) func(*person) bool {
	return func(p *person) bool { return a(p) && b(p) }
}

// What people can do.
var (
	pays               = may(people.PaymentsRead, people.PaymentsWrite)
	voids              = both(pays, may(people.PaymentsVoid))
	removesMethods     = both(is(people.Customer), may(people.MethodsRead, people.MethodsWrite))
	registersWebhooks  = both(is(people.Merchant), may(people.WebhooksRead, people.WebhooksWrite))
	opensDisputes      = may(people.DisputesRead, people.DisputesOpen)
	respondsToDisputes = may(people.DisputesRead, people.DisputesRespond)
	resolvesDisputes   = may(people.DisputesRead, people.DisputesResolve)
)

// lacksSomething says that there is something to be refused to the person.
func lacksSomething(p *person) bool { return len(p.refused()) > 0 }

// refused are the requests that the person has no permission for.
func (p *person) refused() []guarded {
	var list []guarded
	for _, g := range guardedRequests {
		if !p.rights[g.permission] {
			list = append(list, g)
		}
	}
	return list
}
