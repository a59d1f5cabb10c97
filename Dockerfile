# petrec as one command: docker run --rm -e PETREC_DATABASE_URL IMAGE audit
FROM python:3.13-slim AS build
COPY . /source
RUN pip wheel --no-cache-dir --no-deps --wheel-dir /wheels /source

FROM python:3.13-slim
COPY --from=build /wheels /wheels
COPY constraints.txt /wheels/constraints.txt
RUN wheel=$(echo /wheels/petrec-*.whl) \
    && pip install --no-cache-dir -c /wheels/constraints.txt "${wheel}[report,serve,xlsx]" \
    && rm -r /wheels \
    && useradd --create-home --uid 10001 petrec
USER 10001
WORKDIR /home/petrec
ENTRYPOINT ["petrec"]
CMD ["--help"]
