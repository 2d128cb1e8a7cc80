"""The competing service: ``app.py PORT REDIS_PORT FOLDER``; runs in the stack's own environment.

Twenty features of four entities, read from Feast's online store for each payment, then scored by an XGBoost
model of 200 trees of depth 6. Nothing is made durable and nobody is asked for a key: it does less.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from typing import Any

__all__ = ["main"]

ENTITIES = ("card", "merchant", "device", "ip")
EACH = 5
KNOWN = 2_000
"""Entities of each kind in the store."""


def views(feast: Any, folder: str) -> list[Any]:
    """Declare a feature view for each entity."""
    from feast.types import Float32

    found = []
    for name in ENTITIES:
        entity = feast.Entity(name=name, join_keys=[name], value_type=feast.ValueType.STRING)
        schema = [feast.Field(name=f"{name}_{number}", dtype=Float32) for number in range(EACH)]
        source = feast.FileSource(path=f"{folder}/{name}.parquet", timestamp_field="at")
        view = feast.FeatureView(
            name=f"{name}_view", entities=[entity], schema=schema, source=source, ttl=timedelta(days=3650)
        )
        found += [entity, view]
    return found


def store_of(redis_port: int, folder: str) -> Any:
    """Make a store and fill its online part."""
    import feast
    import numpy as np
    import pandas as pd

    store = feast.FeatureStore(
        config=feast.RepoConfig(
            project="bench",
            registry=f"{folder}/registry.db",
            provider="local",
            online_store={"type": "redis", "connection_string": f"127.0.0.1:{redis_port}"},
            entity_key_serialization_version=3,
        )
    )
    now = datetime.now(UTC)
    frames, chance = {}, np.random.default_rng(3)
    for name in ENTITIES:
        frame = pd.DataFrame({f"{name}_{number}": chance.random(KNOWN, dtype="f4") for number in range(EACH)})
        frame[name] = [f"{name}{number}" for number in range(KNOWN)]
        frame["at"] = now
        frame.to_parquet(f"{folder}/{name}.parquet")
        frames[name] = frame
    store.apply(views(feast, folder))
    for name, frame in frames.items():
        store.write_to_online_store(f"{name}_view", frame)
    return store


def main(port: int, redis_port: int, folder: str) -> None:
    """Serve until a signal."""
    import numpy as np
    import uvicorn
    import xgboost
    from fastapi import FastAPI
    from pydantic import BaseModel

    store = store_of(redis_port, folder)
    asked = [f"{name}_view:{name}_{number}" for name in ENTITIES for number in range(EACH)]
    columns = [one.partition(":")[2] for one in asked]
    chance = np.random.default_rng(7)
    rows = chance.random((5_000, len(columns)), dtype="f4")
    labels = (rows.sum(1) + chance.normal(size=5_000) > len(columns) / 2).astype(int)
    model = xgboost.train(
        {"max_depth": 6, "objective": "binary:logistic", "nthread": 1}, xgboost.DMatrix(rows, labels), 200
    )
    model.set_param({"nthread": 1})

    class Payment(BaseModel):  # type: ignore[misc]
        payment_id: str
        occurred_at: int
        card: str
        merchant: str
        device: str
        ip: str
        amount: str
        currency: str
        country: str

    app = FastAPI()

    async def decide(payment: Payment) -> dict[str, object]:
        entities = [{name: getattr(payment, name) for name in ENTITIES}]
        found = store.get_online_features(features=asked, entity_rows=entities).to_dict()
        row = np.array([[found[name][0] for name in columns]], dtype="f4")
        score = float(model.inplace_predict(row)[0])
        return {
            "event_id": payment.payment_id,
            "score": score,
            "action": "block" if score > 0.9 else "approve",
        }

    decide.__annotations__ = {"payment": Payment, "return": dict[str, object]}
    app.post("/decide")(decide)
    uvicorn.run(app, host="127.0.0.1", port=port, log_level="error", access_log=False)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3])
