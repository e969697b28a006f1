# Stand-ins from Debian's packages for the images that docker-compose.yml names, for machines that reach no registry of images.
# Ports, commands, users and health checks are those of the images that they stand for.
ARG NODE_IMAGE=node:24-bookworm-slim

FROM ${NODE_IMAGE} AS valkey
RUN echo 'deb http://deb.debian.org/debian bookworm-backports main' > /etc/apt/sources.list.d/backports.list \
  && apt-get update -qq && apt-get install -y -qq --no-install-recommends -t bookworm-backports valkey-server \
  && mkdir -p /data && chown valkey:valkey /data
WORKDIR /data
VOLUME /data
USER valkey
CMD ["valkey-server"]

FROM ${NODE_IMAGE} AS redis-exporter
RUN apt-get update -qq && apt-get install -y -qq --no-install-recommends prometheus-redis-exporter
USER 59000:59000
ENTRYPOINT ["prometheus-redis-exporter"]

FROM ${NODE_IMAGE} AS prometheus
RUN apt-get update -qq && apt-get install -y -qq --no-install-recommends prometheus \
  && mkdir -p /prometheus && chown nobody /prometheus
WORKDIR /prometheus
VOLUME /prometheus
USER nobody
ENTRYPOINT ["prometheus"]

FROM ${NODE_IMAGE} AS alertmanager
RUN apt-get update -qq && apt-get install -y -qq --no-install-recommends prometheus-alertmanager \
  && mkdir -p /alertmanager && chown nobody /alertmanager
WORKDIR /alertmanager
VOLUME /alertmanager
USER nobody
ENTRYPOINT ["prometheus-alertmanager"]
