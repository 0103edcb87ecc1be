"""What a server of the archive does with a request: rows in, three probabilities a row out."""

import torch
from ts.torch_handler.base_handler import BaseHandler


class IrisHandler(BaseHandler):
    def preprocess(self, data):
        rows = [row.get("data", row.get("body")) if isinstance(row, dict) else row for row in data]
        return torch.tensor(rows, dtype=torch.float32, device=self.device)

    def inference(self, data, *args, **kwargs):
        with torch.no_grad():
            return torch.nn.functional.softmax(self.model(data), dim=1)

    def postprocess(self, data):
        return data.tolist()
