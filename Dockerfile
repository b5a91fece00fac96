# One image: a Locust master, a Swell worker, all of it, or the demo target.
#
#   docker build -t test-load-generator .
#   docker run -p 8089:8089 -e LOCUST_HOST=http://your-service:8081 test-load-generator
#
# docs/deploy.md tells the rest. --build-arg TAGS=goczmq builds the libczmq variant.
ARG GO_IMAGE=docker.io/library/golang:1.26.8-bookworm
ARG PYTHON_IMAGE=docker.io/library/python:3.12.12-slim-bookworm

# Pure Go is compiled on the builder's own platform for the wanted one; libczmq is
# C and is not.
FROM --platform=$BUILDPLATFORM ${GO_IMAGE} AS build
ARG TAGS=
ARG TARGETARCH
# Debian keeps one version in a release: none is pinned.
# hadolint ignore=DL3008
RUN case "$TAGS:$TARGETARCH" in \
        :*) ;; \
        goczmq:|goczmq:"$(go env GOARCH)") \
            apt-get update && apt-get install -y --no-install-recommends libczmq-dev pkg-config \
            && rm -rf /var/lib/apt/lists/* ;; \
        goczmq:*) echo "TAGS=goczmq: must be built on linux/$TARGETARCH (got linux/$(go env GOARCH))" >&2; exit 1 ;; \
        *) echo "TAGS: must be empty or goczmq (got \"$TAGS\")" >&2; exit 1 ;; \
    esac
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN --mount=type=cache,target=/root/.cache/go-build \
    CGO_ENABLED="${TAGS:+1}" && CGO_ENABLED="${CGO_ENABLED:-0}" GOARCH="$TARGETARCH" \
    go build -tags "$TAGS" -trimpath -ldflags="-s -w" -o /out/swell .

FROM ${PYTHON_IMAGE} AS locust
COPY locust/requirements.txt /tmp/requirements.txt
RUN python3 -m venv /opt/locust \
    && /opt/locust/bin/pip install --no-cache-dir --disable-pip-version-check -r /tmp/requirements.txt \
    && /opt/locust/bin/pip uninstall --yes --quiet pip setuptools

FROM ${PYTHON_IMAGE}
ARG TAGS=
# hadolint ignore=DL3008
RUN if [ "$TAGS" = goczmq ]; then \
        apt-get update && apt-get install -y --no-install-recommends libczmq4 \
        && rm -rf /var/lib/apt/lists/*; \
    fi
COPY --from=locust /opt/locust /opt/locust
COPY --from=build /out/swell /usr/local/bin/swell
COPY deploy/image/entrypoint.sh /usr/local/bin/entrypoint
COPY locust/login.py /app/
# The folder for results belongs to the user, and so does a volume made from it.
RUN swell locustfile > /app/locustfile.py \
    && swell locustfile --workload insurance > /app/insurance.py \
    && install -d -o 10001 -g 10001 /results
ENV PATH=/opt/locust/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    LOCUST_LOCUSTFILE=/app/locustfile.py \
    LOCUST_WEB_HOST=0.0.0.0 \
    SWELL_HEALTH_LISTEN=:8090
WORKDIR /results
USER 10001:10001
EXPOSE 8089 5557 8090
# A container has one part, and its ports tell which: worker, web UI, master without one, target.
HEALTHCHECK --interval=10s --timeout=6s --start-period=30s --retries=3 \
    CMD ["swell", "healthcheck", "http://127.0.0.1:8090/healthz", "http://127.0.0.1:8089/", "tcp://127.0.0.1:5557", "http://127.0.0.1:8081/healthz", "http://127.0.0.1:3000/healthz"]
ENTRYPOINT ["entrypoint"]
CMD ["swell", "run"]
ARG REVISION=unknown
LABEL org.opencontainers.image.title="Swell" \
      org.opencontainers.image.description="Load-generator workers in Go under a stock Locust master" \
      org.opencontainers.image.revision="${REVISION}"
