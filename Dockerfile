# For a deployment with its own PostgreSQL: DATABASE_URL (a role that owns nothing) and BATON_SECRET_KEY_FILE are required;
# `baton migrate` with MIGRATION_DATABASE_URL runs first, as a job. The root file system may be read-only; what is written
# goes to /data (DATA_DIR) and /tmp.
#   docker run --read-only --tmpfs /tmp -v baton:/data -e DATABASE_URL=... -e BATON_PUBLIC_URL=https://... -p 8000:8000 baton

FROM python:3.11-slim AS build
WORKDIR /srv/baton
COPY requirements.lock ./
RUN python -m venv /srv/venv \
 && /srv/venv/bin/pip install --no-cache-dir --require-hashes -r requirements.lock
COPY pyproject.toml LICENSE ./
COPY app/ app/
RUN /srv/venv/bin/pip install --no-cache-dir --no-deps --no-build-isolation --editable . \
 && /srv/venv/bin/python -m compileall -q app

FROM python:3.11-slim
RUN useradd --system --user-group --uid 10001 --no-create-home --shell /usr/sbin/nologin baton \
 && install -d -o baton -g baton -m 0700 /data
WORKDIR /srv/baton
COPY --from=build /srv/venv /srv/venv
COPY --from=build /srv/baton /srv/baton
COPY migrations/ migrations/
COPY fhir_profiles/ fhir_profiles/
ENV PATH=/srv/venv/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 \
    BATON_ENV=production DATA_DIR=/data HOST=0.0.0.0 PORT=8000
VOLUME /data
EXPOSE 8000
USER baton
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 \
  CMD ["python", "-c", "import os, urllib.request as r; r.urlopen(f'http://127.0.0.1:{os.environ[\"PORT\"]}/ready', timeout=2)"]
# Graceful: what is in flight is finished, then exit 0.
STOPSIGNAL SIGTERM
ENTRYPOINT ["baton"]
CMD ["serve"]
