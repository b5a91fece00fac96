package tasks

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"net/http"
	"time"

	"swell/client"
	"swell/users"
)

// agent is who a user of the insurance workload is.
type agent struct {
	caller
	how       *Agents
	directory *directory
	person    *colleague
	done      int // tasks as this person
	limit     int // tasks until it is somebody else; 0: none
}

// enter makes a user one of the people of the directory, and logs it in.
func (o *office) enter(ctx context.Context, u *users.User) error {
	d, err := o.directoryOf(ctx, u)
	if err != nil {
		return err
	}
	a := &agent{how: &o.how, directory: d}
	a.caller = caller{u: u, c: client.Of(u), enter: func(ctx context.Context) error { return a.logIn(ctx, a.person) }}
	if err := a.become(ctx, pick(u, d.people)); err != nil {
		return err
	}
	u.State = a
	return nil
}

// become logs in as somebody.
func (a *agent) become(ctx context.Context, who *colleague) error {
	if err := a.logIn(ctx, who); err != nil {
		return err
	}
	a.person, a.done, a.limit = who, 0, a.how.drawLimit(a.u.Rand())
	return nil
}

// logIn begins a session of somebody's, in their group. Until it has begun, the
// one before goes on.
func (a *agent) logIn(ctx context.Context, who *colleague) error {
	type session struct {
		Token string `json:"access_token"`
	}
	a.u.SetGroup(a.how.group(who.Organization))
	name := a.how.userAgent(who.Organization)
	begun, err := decode[session](a.c.Post(ctx, "/api/v1/auth/login", client.Expect(http.StatusOK), client.Header("User-Agent", name),
		client.JSON(map[string]string{"email": who.Email, "password": a.how.Password})))
	if err != nil {
		return err
	}
	a.c.SetHeader("User-Agent", name)
	a.c.SetHeader("Authorization", "Bearer "+begun.Token)
	return nil
}

// introduce tells whoever observes the task who does it. It is each task's to say,
// for between two of them the user may become somebody else.
func (a *agent) introduce() {
	a.u.Tag("person_id", a.person.ID)
	a.u.Tag("organisation", a.person.Organization)
}

// rotate makes the user somebody else when it has done its tasks as this person.
func (a *agent) rotate(ctx context.Context) error {
	if a.limit == 0 || a.done < a.limit || len(a.directory.people) < 2 {
		return nil
	}
	before, done, next := a.person, a.done, another(a.u, a.directory.people, a.person)
	if err := a.become(ctx, next); err != nil {
		return err
	}
	a.u.Log().Info(fmt.Sprintf("rotation: %s %d was %s for %d tasks and is now %s", a.u.Class(), a.u.Seat(),
		a.directory.title(before), done, a.directory.title(next)))
	return nil
}

// drawLimit is after how many tasks to rotate.
func (how *Agents) drawLimit(from *rand.Rand) int {
	if how.TasksMax == 0 {
		return 0
	}
	return how.TasksMin + from.IntN(how.TasksMax-how.TasksMin+1)
}

// pause is the time that a person takes between two steps of a task.
func (a *agent) pause(ctx context.Context) error {
	return a.u.Sleep(ctx, time.Duration(float64(a.how.drawPause(a.u.WaitRand()))/a.u.Rate()))
}

func (how *Agents) drawPause(from *rand.Rand) time.Duration {
	return how.PauseMin + time.Duration(from.Float64()*float64(how.PauseMax-how.PauseMin))
}

// userAgent tells the service who calls, and which group the organization is in.
func (how *Agents) userAgent(organization string) string {
	return fmt.Sprintf("DynaClaimz-API-Client/2.1.0 (Group-%s)", how.group(organization))
}

// group is A or B, for all people of an organization alike. It depends on the
// organization's id and the percentage alone, so that it is the same on all
// workers and in all runs; and a higher percentage only adds organizations to A.
func (how *Agents) group(organization string) string {
	hash := sha256.Sum256([]byte(organization))
	place := float64(binary.BigEndian.Uint64(hash[:8])) / math.Exp2(64) // from 0 to 1
	if place < how.GroupA/100 || how.GroupA == 100 {
		return "A"
	}
	return "B"
}
