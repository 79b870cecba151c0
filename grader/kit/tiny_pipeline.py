"""A Stable Diffusion pipeline so small that notebook 2-2 runs on a CPU; its pictures mean nothing.

``save(folder)`` writes what ``StableDiffusionPipeline.from_pretrained(folder)`` loads: a network of
a few thousand untrained weights, an autoencoder, a text encoder, and a tokenizer with one token for
each byte. Nothing is fetched.
"""

from pathlib import Path
from typing import Any

import torch
from diffusers import AutoencoderKL, PNDMScheduler, StableDiffusionPipeline, UNet2DConditionModel
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer
from transformers.utils.logging import disable_progress_bar

START, END = "<|startoftext|>", "<|endoftext|>"
WIDE, TOKENS = 32, 77


def save(folder: Path, seed: int = 0) -> Path:
    """Writes the pipeline, the same one for the same seed, and returns the folder."""
    disable_progress_bar()  # it would break the lines of what is being checked
    torch.manual_seed(seed)
    vocabulary = tokens()
    pipeline: Any = StableDiffusionPipeline(
        vae=AutoencoderKL(
            block_out_channels=(8, 8, 16, 16),
            down_block_types=("DownEncoderBlock2D",) * 4,
            up_block_types=("UpDecoderBlock2D",) * 4,
            norm_num_groups=4,
            latent_channels=4,
            layers_per_block=1,
        ),
        text_encoder=CLIPTextModel(
            CLIPTextConfig(
                vocab_size=len(vocabulary),
                hidden_size=WIDE,
                intermediate_size=WIDE,
                num_hidden_layers=2,
                num_attention_heads=4,
                max_position_embeddings=TOKENS,
                bos_token_id=vocabulary[START],
                eos_token_id=vocabulary[END],
                pad_token_id=vocabulary[END],
            )
        ).eval(),
        tokenizer=CLIPTokenizer(vocab=vocabulary, merges=[], model_max_length=TOKENS),
        unet=UNet2DConditionModel(
            sample_size=64,
            block_out_channels=(16, 32),
            down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
            up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
            cross_attention_dim=WIDE,
            attention_head_dim=8,
            norm_num_groups=8,
            layers_per_block=1,
        ),
        scheduler=PNDMScheduler(
            beta_start=0.00085,
            beta_end=0.012,
            beta_schedule="scaled_linear",
            skip_prk_steps=True,
            steps_offset=1,
        ),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
    pipeline.save_pretrained(folder)
    return folder


def tokens() -> dict[str, int]:
    """One token for each printable byte, inside and at the end of a word."""
    letters = [chr(code) for code in range(33, 127)]
    names = [*letters, *(f"{letter}</w>" for letter in letters), START, END]
    return {name: number for number, name in enumerate(names)}
