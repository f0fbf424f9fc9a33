# shellcheck shell=bash
# Images, and their way into the cluster.

# Names with which the manifests are rendered.
kvstore_image=
proxy_image=

need_docker() {
  need docker
  docker version >/dev/null 2>&1 ||
    fail 'docker is installed, but its daemon does not answer. Start Docker Desktop, or: sudo systemctl start docker'
}

build_images() {
  [[ $registry || $load_with || $tool ]] || shares_docker "$context" ||
    fail "how would images get to $context? Push them with --registry HOST/PATH, or load them with --load-with 'COMMAND': it is given the path of an archive (docker save)"
  build_image kvstore
  kvstore_image=$image
  build_image kvstore-proxy proxy
  proxy_image=$image
}

# build_image NAME [DOCKERFILE SUFFIX]: sets image. The tag is made of the image's own id: what has changed has a new one, so that
# the pods are replaced, and what has not has the old one, so that they stay.
build_image() {
  local name=${registry:+$registry/}$1 id
  say "building $1 …"
  # The attestations of BuildKit carry the time: with them every build would be another image.
  BUILDX_NO_DEFAULT_ATTESTATIONS=1 docker build ${build_options[@]+"${build_options[@]}"} \
    --tag "$name:latest" --file "Dockerfile.${2:-$1}" . || fail "the image $1 could not be built; what is above says why$(buildkit_hint)"
  id=$(docker image inspect --format '{{.Id}}' "$name:latest")
  id=${id#sha256:}
  image=$name:run-${id:0:12}
  docker tag "$name:latest" "$image"
}

# Our builds keep npm's downloads in a cache, which only BuildKit has; a docker without it says so in words of its own.
buildkit_hint() {
  docker buildx version >/dev/null 2>&1 ||
    say '. It may be that docker has no BuildKit: install its plugin buildx, https://docs.docker.com/go/buildx/'
}

deliver_images() {
  if [[ $registry ]]; then
    say "pushing to $registry …"
    docker push "$kvstore_image" && docker push "$proxy_image" || fail "docker could not push to $registry; docker login $registry may help"
  elif [[ $load_with ]]; then
    say "loading images with $load_with …"
    docker save --output "$scratch/images.tar" "$kvstore_image" "$proxy_image"
    # A command with its own arguments and quotes, as in a shell.
    bash -c "$load_with \"\$1\"" bash "$scratch/images.tar" || fail "$load_with could not load the images"
  elif [[ $tool ]]; then
    say "loading images into $tool's $cluster …"
    hand_over "$kvstore_image" "$proxy_image" || fail "$tool could not load the images"
  fi
}
