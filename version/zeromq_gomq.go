//go:build !goczmq

package version

const zeroMQ = "gomq"
