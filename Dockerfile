# syntax=docker/dockerfile:1
# The image of a server: GraphiQL built from npm, packages verified against constraints.txt, and a run time
# that owns nothing it can write. tests/test_docker.py carries out these steps without Docker.

ARG NODE_VERSION=24
ARG PYTHON_VERSION=3.13


FROM node:${NODE_VERSION}-trixie-slim AS console

WORKDIR /console
COPY api/console/package.json api/console/package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY api/console/ ./
RUN npm run build


FROM python:${PYTHON_VERSION}-slim-trixie AS packages

ENV PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_CACHE_DIR=1

# Every file is checked against its hash here; what is installed below comes from this folder alone.
WORKDIR /app
COPY constraints.txt ./
RUN pip download --require-hashes --no-deps --only-binary :all: --dest /wheels --requirement constraints.txt

# The project is installed where it lies, because Alembic reads its revisions from beside the packages.
COPY pyproject.toml README.md LICENSE ./
COPY alembic/ alembic/
COPY deploy/healthcheck.py deploy/
COPY schema/ schema/
COPY api/ api/
RUN python -m venv --without-pip /opt/achene \
    && pip --python /opt/achene/bin/python install --no-index --find-links /wheels --editable . \
    && /opt/achene/bin/python -m compileall -q --invalidation-mode unchecked-hash alembic api schema


FROM python:${PYTHON_VERSION}-slim-trixie

LABEL org.opencontainers.image.title="Achene" \
      org.opencontainers.image.description="SQLAlchemy models in, a complete, fast and safe GraphQL API out." \
      org.opencontainers.image.vendor="The Achene authors" \
      org.opencontainers.image.licenses="MIT"

RUN groupadd --gid 10001 achene \
    && useradd --uid 10001 --gid achene --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin achene

COPY --from=packages /opt/achene /opt/achene
COPY --from=packages /app /app
COPY --from=console /console/dist /app/api/console/dist

ENV PATH=/opt/achene/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    ACHENE_ENVIRONMENT=production \
    ACHENE_HOST=0.0.0.0 \
    ACHENE_PORT=8000 \
    ACHENE_LOG_FORMAT=json

WORKDIR /app
USER 10001:10001
EXPOSE 8000
STOPSIGNAL SIGTERM

# Liveness, not readiness: a database that is away is no reason to restart the server.
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 \
    CMD ["python", "/app/deploy/healthcheck.py"]

ENTRYPOINT ["achene"]
CMD ["serve"]
