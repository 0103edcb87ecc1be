"""TensorBoard for those who have the experiment's token.

Installed at `/opt/easymaker/board` of the image `tensorboard`, started by `easymaker-tensorboard`.
"""
