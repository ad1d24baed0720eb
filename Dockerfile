FROM python:3.11-slim-bookworm
RUN apt-get update \
 && apt-get install -y --no-install-recommends fonts-ipamj-mincho fontconfig \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --uid 50000 --create-home --home-dir /opt/airflow airflow
WORKDIR /opt/mailround
RUN pip install --no-cache-dir uv==0.13.9
COPY requirements.txt ./
RUN uv pip install --system --compile-bytecode --require-hashes -r requirements.txt
COPY pyproject.toml README.md ./
COPY plugins plugins
COPY dags dags
COPY include include
RUN uv pip install --system --no-deps --editable .
# Named volumes take owner and mode from here; Docker would make them root's.
RUN install -d -o airflow -g airflow -m 700 \
    /srv/mailround/inbox /srv/mailround/data /srv/mailround/outbox /srv/vault /opt/airflow/logs
USER airflow
# Nothing that is written may be readable by others.
ENTRYPOINT ["/bin/sh", "-c", "umask 077 && exec \"$@\"", "--"]
CMD ["airflow", "version"]
