# The image of jhsingle-native-proxy: one static binary and nothing else.
#
#   docker build --build-arg VERSION=1.2.3 -t jhsingle-native-proxy:1.2.3 .
#
# The binary is mostly of use inside an image that has an app. Such an image
# takes it out of this one; it needs no Python, no libc and no shell:
#
#   FROM python:3.13-slim
#   RUN pip install streamlit
#   COPY --from=jhsingle-native-proxy:1.2.3 /jhsingle-native-proxy /usr/local/bin/
#   USER 1000:1000
#   ENTRYPOINT ["jhsingle-native-proxy", "--"]
#   CMD ["streamlit", "run", "/srv/app.py", "--server.port={port}"]
#
# The Dockerfile keeps to what every builder knows (no RUN --mount, no heredoc,
# no syntax line to fetch), so BuildKit, the older builder of a distribution's
# docker.io, podman and kaniko all make the same image of it.

# Any image with this Go and CA certificates will do, for example a mirror's.
ARG GO_IMAGE=golang:1.26-bookworm

# Go compiles for the other platforms itself, so under BuildKit this stage runs
# on the platform of the machine that builds and is never emulated. The older
# builder leaves BUILDPLATFORM empty; "linux" alone then means this machine's.
FROM --platform=${BUILDPLATFORM:-linux} ${GO_IMAGE} AS build
WORKDIR /src
ENV CGO_ENABLED=0

# For networks that have a module proxy of their own; unset means Go's default.
ARG GOPROXY
ARG GOSUMDB
ARG GONOSUMDB
ARG TARGETOS
ARG TARGETARCH

# What changes seldom comes first: a change of our own source reuses the layers
# with the modules, and with the standard library and our largest dependency
# compiled, which is nine tenths of the work.
COPY go.mod go.sum ./
RUN go mod download
RUN GOOS=$TARGETOS GOARCH=$TARGETARCH go build -trimpath \
      github.com/prometheus/client_golang/prometheus/promhttp

COPY . .
ARG VERSION=dev
RUN GOOS=$TARGETOS GOARCH=$TARGETARCH go build -trimpath \
      -ldflags "-s -w -X main.version=$VERSION" \
      -o /image/jhsingle-native-proxy ./cmd/jhsingle-native-proxy

# scratch has no files at all. Three things beside the binary are needed: the
# certificates, because a hub's API may be reached by its public https address;
# a name for the user, for programs that look up who they are;
# and /tmp, which must exist to be written or mounted over. The licence wants
# to go along with the binary.
RUN mkdir -p /image/etc/ssl/certs /image/tmp \
 && cp /etc/ssl/certs/ca-certificates.crt /image/etc/ssl/certs/ \
 && cp LICENSE /image/ \
 && echo 'app:x:65532:65532:app:/tmp:/sbin/nologin' > /image/etc/passwd \
 && echo 'app:x:65532:' > /image/etc/group \
 && chmod 1777 /image/tmp

FROM scratch
ARG VERSION=dev
LABEL org.opencontainers.image.title="jhsingle-native-proxy" \
      org.opencontainers.image.description="Runs any web app as a JupyterHub single-user server" \
      org.opencontainers.image.source="https://github.com/ideonate/jhsingle-native-proxy" \
      org.opencontainers.image.licenses="BSD-3-Clause" \
      org.opencontainers.image.version="$VERSION"
COPY --from=build /image/ /

# By number: Kubernetes' runAsNonRoot cannot judge a name.
USER 65532:65532

# No HEALTHCHECK, on purpose. It would have to be a program in this image that
# asks over HTTP, and scratch has none; the address to ask depends on the prefix
# that the hub hands over at run time; Kubernetes ignores it; and JupyterHub asks
# {prefix}api itself. A cluster that wants a probe asks the same path: it answers
# 200 without a login as soon as the proxy listens.
ENTRYPOINT ["/jhsingle-native-proxy"]
