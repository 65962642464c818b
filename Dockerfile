FROM python:3.11-slim

# Log lines arrive when they are written.
ENV PYTHONUNBUFFERED=1

WORKDIR /app
COPY requirements.lock .
RUN pip install --no-cache-dir --require-hashes -r requirements.lock

COPY pyproject.toml README.md worker.py ./
COPY workflows workflows
COPY activities activities
COPY store store
COPY starter starter
COPY console console
# Compiled, as the user who starts it may not write here.
RUN pip install --no-cache-dir --no-deps . && python -m compileall -q . && useradd --create-home slotkeeper
COPY catalog.toml .

USER slotkeeper
CMD ["python", "worker.py"]
