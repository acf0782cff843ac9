# syntax=docker/dockerfile:1
# One image for every process: `tradewire up`, the default, runs all of them with NATS and Postgres; a name runs one.
# BASE is any image with Debian's or Docker's Python 3.11 or later and its venv module; give it by digest in production.
ARG BASE=docker.io/library/python:3.11-slim

FROM ${BASE} AS build
WORKDIR /src
# pip's own configuration, and what it trusts, may be lent to the build; neither stays in a layer.
ENV PIP_CONFIG_FILE=/run/secrets/pip.conf PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
COPY requirements/build.lock requirements/runtime.lock requirements/demo.lock requirements/
RUN --mount=type=secret,id=pip.conf,target=/run/secrets/pip.conf \
    --mount=type=secret,id=pip.ca,target=/run/secrets/pip.ca \
    python3 -m venv /build \
    && /build/bin/pip install --quiet --require-hashes --only-binary :all: -r requirements/build.lock \
    && /build/bin/pip wheel --quiet --require-hashes --no-deps --no-build-isolation --wheel-dir wheels \
        -r requirements/runtime.lock -r requirements/demo.lock
COPY LICENSE LICENSE
COPY examples/sma_cross.py examples/
COPY libs libs
COPY services services
RUN /build/bin/pip wheel --quiet --no-deps --no-index --no-build-isolation --wheel-dir wheels ./libs ./services/* \
    && python3 -m venv --without-pip /opt/tradewire \
    && /build/bin/pip --python /opt/tradewire/bin/python install --quiet --no-deps --no-index wheels/*.whl \
    && find /opt/tradewire/lib/python3*/site-packages -depth -type d -name tests -exec rm -rf {} +

FROM ${BASE}
# Out with what installs and builds packages, and with every program that would run as somebody else.
RUN rm -rf "$(python3 -c 'import sysconfig; print(sysconfig.get_path("stdlib"))')/ensurepip" /usr/share/python-wheels \
    && find /usr/lib /usr/local/lib -depth -path '*-packages/*' \
        \( -name pip -o -name 'pip-*' -o -name setuptools -o -name 'setuptools-*' -o -name wheel -o -name 'wheel-*' \
        -o -name pkg_resources -o -name _distutils_hack \) -exec rm -rf {} + \
    && rm -f /usr/local/bin/pip* /usr/local/bin/wheel /usr/bin/pip* \
    && find / -xdev -type f -perm /6000 -exec chmod a-s {} + \
    && echo 'tradewire:x:10001:' >> /etc/group \
    && echo 'tradewire:x:10001:10001::/data:/usr/sbin/nologin' >> /etc/passwd \
    && mkdir -m 0700 /data && chown 10001:10001 /data
COPY --from=build /opt/tradewire /opt/tradewire
COPY LICENSE /usr/share/doc/tradewire/LICENSE
ENV PATH=/opt/tradewire/bin:/usr/local/bin:/usr/bin:/bin \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    TRADEWIRE_DATA=/data
# Which build approvals are made by; empty: the digest of the source in the image.
ARG BUILD=""
ENV TRADEWIRE_BUILD=${BUILD}
ARG VERSION=0.1.0
ARG REVISION=""
ARG CREATED=""
ARG SOURCE=""
LABEL org.opencontainers.image.title="Tradewire" \
    org.opencontainers.image.description="Signals in, fills out, every state change on the record" \
    org.opencontainers.image.licenses="Apache-2.0" \
    org.opencontainers.image.version="${VERSION}" \
    org.opencontainers.image.revision="${REVISION}" \
    org.opencontainers.image.created="${CREATED}" \
    org.opencontainers.image.source="${SOURCE}"
# A number, so that Kubernetes can tell that it is not root.
USER 10001:10001
WORKDIR /data
VOLUME /data
STOPSIGNAL SIGTERM
CMD ["tradewire", "up"]
