# syntax=docker/dockerfile:1
# Limn's gateway in a container: `docker build --target cpu .`, or `--target gpu`.

FROM python:3.12-slim AS base
ENV PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 PIP_DISABLE_PIP_VERSION_CHECK=1

# Everything is installed here; what serves holds no pip cache, no build tools, no sources. The
# image has no C compiler: pip fetches one for the wheel, which stays behind too.
FROM base AS wheel
WORKDIR /src
COPY pyproject.toml setup.py README.md LICENSE NOTICE ./
COPY limn limn
COPY service service
COPY training training
COPY export export
COPY cli cli
RUN pip wheel --no-cache-dir --no-deps --wheel-dir /wheels .

FROM base AS cpu-environment
WORKDIR /src
COPY requirements/cpu.txt requirements.txt
RUN python -m venv /opt/limn \
    && /opt/limn/bin/python -m pip install --no-cache-dir --requirement requirements.txt
COPY --from=wheel /wheels /wheels
RUN /opt/limn/bin/python -m pip install --no-cache-dir --no-deps /wheels/*.whl

FROM base AS gpu-environment
WORKDIR /src
COPY requirements/gpu.txt requirements.txt
RUN python -m venv /opt/limn \
    && /opt/limn/bin/python -m pip install --no-cache-dir --requirement requirements.txt
COPY --from=wheel /wheels /wheels
RUN /opt/limn/bin/python -m pip install --no-cache-dir --no-deps /wheels/*.whl

# Runs as nobody in particular, on a file system that may be read-only.
FROM base AS server
RUN useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin limn
COPY model_repository /models
COPY person_finder /person_finder
ENV PATH=/opt/limn/bin:$PATH \
    LIMN_MODEL_REPOSITORY=/models \
    LIMN_PERSON_FINDER=/person_finder \
    LIMN_HTTP_HOST=0.0.0.0 \
    LIMN_GRPC_HOST=0.0.0.0
USER 10001:10001
EXPOSE 8080 8001
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as r; r.urlopen(f\"http://127.0.0.1:{os.environ.get('LIMN_HTTP_PORT', 8080)}/readyz\", timeout=2)"]
CMD ["limn", "serve"]

# Needs the NVIDIA container toolkit: `docker run --gpus all`. torch's wheels bring CUDA's libraries.
FROM server AS gpu
COPY --from=gpu-environment /opt/limn /opt/limn
ENV LIMN_DEVICE=cuda

FROM server AS cpu
COPY --from=cpu-environment /opt/limn /opt/limn
