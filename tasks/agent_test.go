package tasks

import (
	"regexp"
	"strings"
	"testing"
)

// Each user begins as a person of its own choice, and nobody who logs in as another
// is the same as before.
func TestUsersAreRandomPeopleAndThenOthers(t *testing.T) {
	const each, rotations = 20, 400 // users of each class, and all of them together
	line := regexp.MustCompile(`rotation: (\w+ \d+) was [^<]*<(\d+)>[^<]* and is now [^<]*<(\d+)>`)
	r := openRegistry(t)
	r.staff(t, each, 1)
	var lines [][]string
	until(t, "all have rotated many times", func() bool {
		r.mu.Lock()
		text := r.log.String()
		r.mu.Unlock()
		if strings.Count(text, "rotation: ") < rotations {
			return false
		}
		lines = line.FindAllStringSubmatch(text, -1)
		users := map[string]bool{}
		for _, l := range lines {
			users[l[1]] = true
		}
		return len(users) == 2*each
	})
	who := map[string]string{}
	first := map[string]int{}
	for _, l := range lines {
		user, was, is := l[1], l[2], l[3]
		if before, known := who[user]; !known {
			first[was]++
		} else if was != before {
			t.Errorf("%s was %s, and then it was %s", user, before, was)
		}
		if who[user] = is; is == was {
			t.Errorf("%s is %s again", user, is)
		}
	}
	if len(first) < 5 { // of 8 people: that 40 users choose 4 has a chance of 1 in 10¹⁰
		t.Errorf("the first ones are only %v", first)
	}
}
