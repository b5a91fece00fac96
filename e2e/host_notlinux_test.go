//go:build !linux

package e2e

import (
	"context"
	"errors"
	"net"
)

func (h *host) dial(context.Context, string, string) (net.Conn, error) {
	return nil, errors.New("there are no network namespaces")
}
