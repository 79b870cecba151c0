"""Notebook 2-2 by other means than the template's pipeline; the example's cells stay as they are."""

import numpy as np
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_output
from PIL import Image

from tests.habits.draft import TEXT_TO_IMAGE, Draft
from tests.habits.pictures import box_of, encoded, image_widget, output, text
from tests.habits.pictures import show_widgets as show_widgets_in
from tests.habits.table import habit

SIZE = 300
DECIDES = "A TA decides whether it counts."
OPENS = "A TA opens cell 10."


def work(seed: int = 7) -> Image.Image:
    """A made-up picture that is large enough to count."""
    colours = np.random.default_rng(seed).integers(0, 256, (6, 6, 3), dtype=np.uint8)
    return Image.fromarray(colours).resize((SIZE, SIZE), Image.Resampling.BICUBIC)


def shown(seed: int = 7, mime: str = "image/png") -> NotebookNode:
    return output(encoded(work(seed), "PNG" if mime == "image/png" else "JPEG"), mime)


def own(draft: Draft, source: str, *outputs: NotebookNode, picture: bool = True) -> None:
    """In place of the template's cells for the own prompt, a cell with this code and picture."""
    notebook = draft.notebook(TEXT_TO_IMAGE)
    kept = notebook.cells[:9]
    below = [*outputs, shown()] if picture else list(outputs)
    notebook.cells = [*kept, new_code_cell(source, outputs=below)]
    draft.put(notebook, TEXT_TO_IMAGE)


def alone(draft: Draft, *cells: NotebookNode) -> None:
    """A notebook of these cells only."""
    notebook = draft.notebook(TEXT_TO_IMAGE)
    notebook.cells = list(cells)
    draft.put(notebook, TEXT_TO_IMAGE)


# Other models and libraries


@habit("a denoising loop of one's own")
def own_loop(draft: Draft) -> None:
    own(
        draft,
        """prompt = ["a red fox in the snow"]
text_input = tokenizer(prompt, padding="max_length", return_tensors="pt")
uncond_input = tokenizer([""], padding="max_length", return_tensors="pt")
embeddings = torch.cat([text_encoder(uncond_input.input_ids)[0], text_encoder(text_input.input_ids)[0]])
scheduler.set_timesteps(40)
latents = torch.randn((1, unet.config.in_channels, 64, 64)) * scheduler.init_noise_sigma
for t in scheduler.timesteps:
    noise = unet(torch.cat([latents] * 2), t, encoder_hidden_states=embeddings).sample
    a, b = noise.chunk(2)
    latents = scheduler.step(a + 7.5 * (b - a), t, latents).prev_sample
image = vae.decode(latents / 0.18215).sample
Image.fromarray(to_bytes(image))""",
    )


@habit("a denoising loop in a function, with the prompt as its argument")
def loop_in_a_function(draft: Draft) -> None:
    own(
        draft,
        """def generate(words, steps=30):
    scheduler.set_timesteps(steps)
    ids = pipe.tokenizer(words, return_tensors="pt").input_ids
    return denoise(pipe.text_encoder(ids)[0])

generate("a red fox in the snow")""",
    )


@habit("InferenceClient")
def inference_client(draft: Draft) -> None:
    own(
        draft,
        """from huggingface_hub import InferenceClient
client = InferenceClient("stabilityai/stable-diffusion-xl-base-1.0")
client.text_to_image("a red fox in the snow")""",
    )


@habit("AutoPipelineForText2Image")
def auto_pipeline(draft: Draft) -> None:
    own(
        draft,
        """from diffusers import AutoPipelineForText2Image
sdxl = AutoPipelineForText2Image.from_pretrained("stabilityai/sdxl-turbo").to("cuda")
sdxl(prompt="a red fox in the snow", num_inference_steps=4, guidance_scale=0.0).images[0]""",
    )


@habit("Flux, from a class of another name")
def flux(draft: Draft) -> None:
    own(
        draft,
        """import diffusers
painter = diffusers.FluxPipeline.from_pretrained(model_id, torch_dtype=torch.bfloat16)
painter.enable_model_cpu_offload()
picture = painter("a red fox in the snow", height=512, width=512).images[0]
picture""",
    )


@habit("KerasCV")
def keras_cv(draft: Draft) -> None:
    own(
        draft,
        """import keras_cv
model = keras_cv.models.StableDiffusion(img_width=512, img_height=512)
images = model.text_to_image("a red fox in the snow", batch_size=3, num_steps=25)""",
    )


@habit(
    "DALL-E by OpenAI's service", text_to_image="needs_review", says="client.images.generate takes"
)
def dall_e(draft: Draft) -> None:
    own(
        draft,
        """from openai import OpenAI
client = OpenAI(api_key=key)
response = client.images.generate(model="dall-e-3", prompt="a red fox in the snow", n=1)
show(response.data[0].url)""",
    )


@habit("Replicate")
def replicate(draft: Draft) -> None:
    own(
        draft,
        """import replicate
result = replicate.run(
    "stability-ai/stable-diffusion:ac732df8",
    input={"prompt": "a red fox in the snow", "num_inference_steps": 50},
)""",
    )


@habit("a service that is asked by requests", text_to_image="needs_review", says=OPENS)
def by_requests(draft: Draft) -> None:
    own(
        draft,
        """def query(payload):
    return requests.post(API_URL, headers=headers, json=payload).content

Image.open(io.BytesIO(query({"inputs": "a red fox in the snow"})))""",
    )


@habit("the API of the WebUI")
def web_ui(draft: Draft) -> None:
    own(
        draft,
        """payload = {"prompt": "a red fox in the snow", "steps": 25, "cfg_scale": 7}
r = requests.post("http://127.0.0.1:7860/sdapi/v1/txt2img", json=payload).json()""",
    )


@habit(
    "min-dalle",
    text_to_image="needs_review",
    says="how many denoising steps model.generate_image takes",
)
def min_dalle(draft: Draft) -> None:
    own(
        draft,
        """model = MinDalle(models_root="./pretrained", is_mega=True)
model.generate_image(text="a red fox in the snow", seed=-1, grid_size=2)""",
    )


@habit("a script by the shell")
def by_the_shell(draft: Draft) -> None:
    own(
        draft,
        """!python scripts/txt2img.py --prompt "a red fox in the snow" --ddim_steps 50 --plms
Image.open("outputs/grid-0000.png")""",
    )


@habit(
    "screenshots of ComfyUI, pasted into text",
    text_to_image="needs_review",
    says="pasted into text",
)
def screenshots(draft: Draft) -> None:
    pasted = {"comfy.png": {"image/png": text(encoded(work()))}}
    words = "Prompt: a red fox in the snow\n\n![comfy.png](attachment:comfy.png)"
    alone(draft, new_markdown_cell(words, attachments=pasted))


@habit(
    "pictures pasted into text below the example",
    text_to_image="needs_review",
    says="pasted into text",
)
def pasted_below_the_example(draft: Draft) -> None:
    notebook = draft.notebook(TEXT_TO_IMAGE)
    pasted = {"fox.png": {"image/png": text(encoded(work()))}}
    source = "A red fox, from the web demo: ![fox](attachment:fox.png)"
    notebook.cells = [*notebook.cells[:9], new_markdown_cell(source, attachments=pasted)]
    draft.put(notebook, TEXT_TO_IMAGE)


@habit("a function from a module that was not handed in", text_to_image="needs_review", says=OPENS)
def helper_module(draft: Draft) -> None:
    own(draft, "from my_diffusion import paint\npaint('a red fox in the snow')")


@habit("a helper that takes the prompt from a variable", text_to_image="needs_review", says=OPENS)
def helper_with_variable(draft: Draft) -> None:
    own(draft, "my_prompt = 'a red fox in the snow'\nmy_diffusion.paint(my_prompt)")


@habit("no code at all, only pictures", text_to_image="needs_review", says="from which prompt")
def only_pictures(draft: Draft) -> None:
    alone(draft, new_code_cell("Image.open('fox.png')", outputs=[shown()]))


# Prompts


@habit("a prompt of emoji")
def emoji(draft: Draft) -> None:
    own(draft, "pipe('🦊🌲❄️', num_inference_steps=30).images[0]")


@habit("a prompt in Korean")
def korean(draft: Draft) -> None:
    own(draft, "prompt = '눈 속의 붉은 여우'\npipe(prompt).images[0]")


@habit(
    "a prompt that is typed in", text_to_image="needs_review", says="made while the notebook runs"
)
def typed(draft: Draft) -> None:
    own(draft, "prompt = input('prompt: ')\npipe(prompt).images[0]")


@habit("a prompt from a file", text_to_image="needs_review", says="made while the notebook runs")
def from_a_file(draft: Draft) -> None:
    own(draft, "with open('prompt.txt') as f:\n    words = f.read()\npipe(words).images[0]")


@habit("a prompt from a widget", text_to_image="needs_review", says="made while the notebook runs")
def from_a_widget(draft: Draft) -> None:
    own(draft, "box = widgets.Text(value='a red fox')\ndisplay(box)\npipe(box.value).images[0]")


@habit("a demo of Gradio", text_to_image="needs_review")
def gradio(draft: Draft) -> None:
    own(
        draft,
        """def paint(words, steps):
    return pipe(words, num_inference_steps=int(steps)).images[0]

gr.Interface(fn=paint, inputs=["text", "number"], outputs="image").launch(share=True)""",
    )


@habit("prompts in a table of pandas")
def data_frame(draft: Draft) -> None:
    own(
        draft,
        """df = pd.DataFrame({"prompt": ["a red fox", "a blue whale"], "steps": [20, 30]})
for words in df["prompt"].tolist():
    display(pipe(words, num_inference_steps=20).images[0])""",
    )


@habit("a prompt put together in many ways")
def put_together(draft: Draft) -> None:
    own(
        draft,
        """style = {"look": "watercolour", "place": "in the snow"}
parts = ["a red fox", style["place"]]
prompt = " ".join(parts) + f", {style['look']}, %s" % "detailed"
prompt += ", {mood}".format(mood="calm")
images = pipe(prompt=prompt, negative_prompt="blurry", num_inference_steps=35).images
plt.imshow(images[0])""",
    )


@habit("a prompt by Compel", text_to_image="needs_review", says="made while the notebook runs")
def compel(draft: Draft) -> None:
    own(
        draft,
        """compel = Compel(tokenizer=pipe.tokenizer, text_encoder=pipe.text_encoder)
pipe(prompt_embeds=compel("a red fox++ in the snow"), num_inference_steps=30).images[0]""",
    )


@habit("the prompt and the call behind __main__")
def main_guard(draft: Draft) -> None:
    own(
        draft,
        """def main():
    prompt = "a red fox in the snow"
    show(pipe(prompt, num_inference_steps=45).images)

if __name__ == "__main__":
    main()""",
    )


@habit("lists that double thirty times", text_to_image="needs_review")
def doubling(draft: Draft) -> None:
    twice = "\n".join(["x = ['a']", *["x = [x, x]"] * 30])
    own(draft, f"{twice}\nwords = f'{{x}}'\npipe(words).images[0]")


@habit("loops in loops that would never end", text_to_image="needs_review")
def endless(draft: Draft) -> None:
    loops = "".join(f"{'  ' * n}for a{n} in range(20):\n" for n in range(20))
    own(draft, f"{loops}{'  ' * 20}pass\npaint('a red fox in the snow')")


# Pictures


@habit("pictures only as JPEG")
def only_jpeg(draft: Draft) -> None:
    own(draft, "display(pipe('a red fox').images[0])", shown(mime="image/jpeg"), picture=False)


@habit("pictures only as HTML")
def only_html(draft: Draft) -> None:
    images = [f'<img src="data:image/png;base64,{text(encoded(work(n)))}">' for n in (1, 2)]
    page = output("".join(images), "text/html")
    own(draft, "HTML(gallery(pipe('a red fox').images))", page, picture=False)


@habit("pictures in an output widget")
def in_a_widget(draft: Draft) -> None:
    own(
        draft, "prompt = 'a red fox'\nwith out:\n    display(pipe(prompt).images[0])", picture=False
    )
    inner = {"output_type": "display_data", "data": {"image/png": text(encoded(work()))}}
    state = {"model_name": "OutputModel", "state": {"outputs": [inner]}}
    show_widgets_in(draft, {"b": box_of("o"), "o": state}, name=TEXT_TO_IMAGE)


@habit("pictures in image widgets, two abreast")
def in_image_widgets(draft: Draft) -> None:
    own(draft, "widgets.HBox([as_widget(i) for i in pipe('a red fox').images])", picture=False)
    models = {"b": box_of("i", "j"), "i": image_widget(encoded(work(1)))}
    show_widgets_in(draft, models | {"j": image_widget(encoded(work(2)))}, name=TEXT_TO_IMAGE)


@habit("a picture as WebP")
def as_webp(draft: Draft) -> None:
    picture = output(encoded(work(), "WEBP", quality=80), "image/webp")
    own(draft, "pipe('a red fox').images[0]", picture, picture=False)


@habit("a picture as PDF", text_to_image="needs_review", says="In cell 10 there is a PDF")
def as_pdf(draft: Draft) -> None:
    picture = output(b"%PDF-1.4", "application/pdf")
    own(draft, "plt.imshow(pipe('a red fox').images[0])", picture, picture=False)


@habit(
    "a picture pasted into text below the call",
    text_to_image="needs_review",
    says="pasted into text",
)
def pasted_below_the_call(draft: Draft) -> None:
    own(draft, "pipe('a red fox').images[0].show()", picture=False)
    notebook = draft.notebook(TEXT_TO_IMAGE)
    notebook.cells.append(new_markdown_cell(f"![](data:image/png;base64,{text(encoded(work()))})"))
    draft.put(notebook, TEXT_TO_IMAGE)


@habit(
    "cleared outputs, but the pictures are in the tarball",
    text_to_image="needs_review",
    says=DECIDES,
)
def files_beside(draft: Draft) -> None:
    notebook = draft.notebook(TEXT_TO_IMAGE)
    for cell in notebook.cells:
        cell.pop("outputs", None)
        if cell.cell_type == "code":
            cell.outputs = []
    draft.put(notebook, TEXT_TO_IMAGE)
    for number in range(4):
        draft.files[f"stable_diffusion_result/{number}.png"] = encoded(work(number))


@habit("a picture as a link to a file that is there")
def linked(draft: Draft) -> None:
    draft.files["stable_diffusion_result/0.png"] = encoded(work())
    page = output('<img src="./stable_diffusion_result/0.png"/>', "text/html")
    own(draft, "save(pipe('a red fox').images)\ndisplay(Image(url=path))", page, picture=False)


@habit(
    "a picture as a link to a file that is not there",
    text_to_image="needs_review",
    says="was not handed in",
)
def dead_link(draft: Draft) -> None:
    page = output('<img src="./stable_diffusion_result/0.png"/>', "text/html")
    own(draft, "save(pipe('a red fox').images)\ndisplay(Image(url=path))", page, picture=False)


@habit(
    "pictures that are all black",
    text_to_image="needs_review",
    says="perhaps by the safety checker",
)
def all_black(draft: Draft) -> None:
    black = output(encoded(Image.new("RGB", (512, 512))))
    own(draft, "pipe('a red fox').images[0]", black, picture=False)


@habit("pictures that the safety checker made black, as it says itself")
def made_black(draft: Draft) -> None:
    said = (
        "Potential NSFW content was detected in one or more images. A black image will be returned"
    )
    warned = new_output("stream", name="stderr", text=said)
    black = output(encoded(Image.new("RGB", (512, 512))))
    own(draft, "pipe('a red fox').images[0]", warned, black, picture=False)


# What remains missing


@habit(
    "cleared outputs, and no pictures anywhere",
    text_to_image="partial",
    says="were its outputs cleared?",
)
def no_pictures(draft: Draft) -> None:
    own(draft, "pipe('a red fox', num_inference_steps=30).images[0]", picture=False)


@habit(
    "the example alone, its picture shown twice",
    text_to_image="failed",
    says="Only the example was run",
)
def example_alone(draft: Draft) -> None:
    notebook = draft.notebook(TEXT_TO_IMAGE)
    again = new_code_cell(
        "print('the same pictures again')\nimages[0]", outputs=notebook.cells[7].outputs
    )
    notebook.cells = [*notebook.cells[:9], again]
    draft.put(notebook, TEXT_TO_IMAGE)


@habit("neither a prompt nor a picture", text_to_image="missing")
def nothing_asked(draft: Draft) -> None:
    alone(draft, new_code_cell("!pip install diffusers"), new_markdown_cell("# To do"))
