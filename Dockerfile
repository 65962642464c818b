FROM python:3.11-slim

WORKDIR /app
COPY requirements.lock .
RUN pip install --no-cache-dir --require-hashes -r requirements.lock

COPY pyproject.toml README.md worker.py ./
COPY workflows workflows
COPY activities activities
COPY store store
COPY starter starter
RUN pip install --no-cache-dir --no-deps . && useradd --create-home slotkeeper
COPY catalog.toml .

USER slotkeeper
CMD ["python", "worker.py"]
