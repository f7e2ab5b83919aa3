"""The Open Inference Protocol, version 2, over REST: what KServe, Triton and MLServer answer, and their clients ask.

``metadata`` says what there is, ``tensors`` reads and writes columns, ``infer`` answers. A tensor is one column of rows, as with
``content_type`` ``pd`` of MLServer; one tensor of several columns has no names to be checked by and is refused.
https://github.com/kserve/open-inference-protocol/blob/main/specification/protocol/inference_rest.md
"""
