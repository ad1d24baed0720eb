# One base, three images: ours, the two databases and the proxy come from the same Debian, whose security updates a rebuild
# brings in. BuildKit; `pip`, `apt` and `ca` are optional build secrets for sites whose package indexes are their own.
ARG BASE=python:3.11-slim-bookworm

FROM ${BASE} AS debian
# One user everywhere: a secret file is 0600 and belongs to it, and to nobody else on the host (deploy/secrets).
RUN useradd --uid 50000 --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin mailround
SHELL ["/bin/sh", "-euc"]

FROM debian AS postgres
RUN --mount=type=secret,id=apt,target=/etc/apt/apt.conf.d/zz-site --mount=type=secret,id=ca,target=/run/ca.crt \
    apt-get update && apt-get install -y --no-install-recommends postgresql-common \
 && sed -i 's/^#*create_main_cluster.*/create_main_cluster = false/' /etc/postgresql-common/createcluster.conf \
 && apt-get install -y --no-install-recommends postgresql-15 \
 && rm -rf /var/lib/apt/lists/* \
 && install -d -o mailround -g mailround -m 700 /srv/postgres
COPY --chmod=755 deploy/postgres /usr/local/bin/start
USER mailround
# A fast shutdown: nobody waits for a client that is gone.
STOPSIGNAL SIGINT
CMD ["start"]

FROM debian AS redis
RUN --mount=type=secret,id=apt,target=/etc/apt/apt.conf.d/zz-site --mount=type=secret,id=ca,target=/run/ca.crt \
    apt-get update && apt-get install -y --no-install-recommends redis-server && rm -rf /var/lib/apt/lists/* \
 && install -d -o mailround -g mailround -m 700 /srv/redis
COPY deploy/redis.conf /etc/redis.conf
USER mailround
CMD ["redis-server", "/etc/redis.conf"]

FROM debian AS proxy
RUN --mount=type=secret,id=apt,target=/etc/apt/apt.conf.d/zz-site --mount=type=secret,id=ca,target=/run/ca.crt \
    apt-get update && apt-get install -y --no-install-recommends nginx-light libnginx-mod-stream curl \
 && rm -rf /var/lib/apt/lists/*
COPY deploy/nginx.conf /etc/nginx/nginx.conf
USER mailround
CMD ["nginx"]

FROM debian AS mail
RUN --mount=type=secret,id=apt,target=/etc/apt/apt.conf.d/zz-site --mount=type=secret,id=ca,target=/run/ca.crt \
    apt-get update && apt-get install -y --no-install-recommends python3-aiosmtpd && rm -rf /var/lib/apt/lists/*
USER mailround
CMD ["/usr/bin/python3", "-u", "-m", "aiosmtpd", "--nosetuid", "--listen", "0.0.0.0:8025"]

FROM debian AS installed
WORKDIR /opt/mailround
RUN python3.11 -m venv .venv
ENV PATH=/opt/mailround/.venv/bin:$PATH
COPY requirements.txt ./
# The lock is complete: pip installs what is in it and resolves nothing, then says whether anything is missing.
RUN --mount=type=secret,id=pip,target=/etc/pip.conf --mount=type=secret,id=ca,target=/run/ca.crt \
    pip install --no-cache-dir --no-compile --no-deps --require-hashes --only-binary :all: -r requirements.txt \
 && pip check \
 && python -m compileall -q -j 2 .venv/lib
COPY pyproject.toml README.md ./
COPY plugins plugins
COPY dags dags
COPY include include
# Nothing is fetched here: setuptools is the one in the lock. Editable: the package stays where REPOSITORY finds include/.
RUN pip install --no-cache-dir --no-index --no-deps --no-build-isolation --editable . \
 && python -m compileall -q plugins dags

FROM debian AS mailround
RUN --mount=type=secret,id=apt,target=/etc/apt/apt.conf.d/zz-site --mount=type=secret,id=ca,target=/run/ca.crt \
    apt-get update && apt-get install -y --no-install-recommends fonts-ipamj-mincho fontconfig p7zip-full postgresql-client-15 \
 && rm -rf /var/lib/apt/lists/* \
 && fc-cache --system-only
WORKDIR /opt/mailround
COPY --from=installed /opt/mailround /opt/mailround
COPY --chmod=755 deploy/start deploy/beats /usr/local/bin/
# Named volumes take owner and mode from here; Docker would make them root's.
RUN touch airflow.cfg && install -d -o mailround -g mailround -m 700 \
    /srv/mailround/inbox /srv/mailround/data /srv/mailround/outbox /srv/vault /srv/logs /srv/backup /opt/airflow
ENV PATH=/opt/mailround/.venv/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 HOME=/opt/airflow
USER mailround
ENTRYPOINT ["start"]
CMD ["airflow", "version"]
